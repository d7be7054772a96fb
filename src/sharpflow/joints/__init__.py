"""Scores joint by joint (Tan et al.)."""
