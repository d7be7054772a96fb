"""Scores of single joints by VGG16 and ordinal heads (Tan et al., 2.4)."""
