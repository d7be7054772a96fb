"""Scores of whole films: totals and severity classes (Bo et al.)."""
