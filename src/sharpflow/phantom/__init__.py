"""Radiographs of hands and feet, drawn by the program, whose truth is known."""
