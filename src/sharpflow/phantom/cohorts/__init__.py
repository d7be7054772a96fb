"""Synthetic cohorts in the layouts of real ones, with the truth beside them."""
