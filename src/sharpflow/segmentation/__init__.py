"""Masks of limbs: by entropy, and by a lightweight U-Net (Tan et al., 2.3.1-2.3.2)."""
