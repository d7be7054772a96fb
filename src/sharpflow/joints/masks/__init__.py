"""Masks by entropy, and the U-Net that learns from the good ones (Tan et al., 2.3.1 and 2.3.2)."""
