"""The share of heat on joints and on damaged joints, against an even spread."""

from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.evaluation.grad_cam import summarize_heat
    from sharpflow.files import read_table
    from sharpflow.reporting.bo_grad_cam_table import write_grad_cam_table

    params = snakemake.params
    shares = pd.concat(read_table(path) for path in snakemake.input)
    table = summarize_heat(shares, data=params.data, seed=params.seed, resamples=params.resamples)
    write_grad_cam_table(table, Path(snakemake.output[0]).parent)
