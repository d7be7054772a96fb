"""Cohorts of radiographs, their scores and joint boxes, read into one shape and checked."""
