"""Scores rheumatoid joint damage on radiographs of hands and feet."""
