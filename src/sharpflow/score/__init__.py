"""Applies a bundle of trained networks to new radiographs.

It needs the extra `score` and nothing that trains: no torch, TensorFlow, Keras or Snakemake.
"""
