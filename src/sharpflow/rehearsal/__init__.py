"""Rehearsals: the heavy rules' own code, for a few steps at a study's sizes, on phantom images.

Each rehearsal is a process of its own (`alone` starts and watches it, `__main__` is what runs in
it), so that its memory is its own, and what does not fit ends nothing but itself.
"""
