"""Bundles: what a trained study needs to score new radiographs, in one file."""
