"""Synthetic radiographs of hands and feet whose truth is known."""
