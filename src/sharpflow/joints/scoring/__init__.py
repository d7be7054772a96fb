"""Scores of joints by VGG16 with ordinal classes (Tan et al., 2.4)."""
