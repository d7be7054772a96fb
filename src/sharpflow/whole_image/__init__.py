"""Scores of whole radiographs: totals and severity classes (Bo et al.)."""
