"""Stacking of networks (Bo et al., 2.5)."""
