"""Which joint a box is (Tan et al., 2.3.3)."""
