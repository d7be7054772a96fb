"""Training of the networks, and what they predict (Bo et al., 2.4 and 2.8)."""
