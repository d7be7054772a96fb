"""The study plan: which files, shards and experiments a study has, and what its rules ask for.

The Snakefile reads it while it is parsed, so nothing heavy is imported here. Paths begin with
`<results>`, which Snakemake fills in.
"""
