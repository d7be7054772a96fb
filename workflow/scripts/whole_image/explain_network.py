"""Grad-CAM of one network: four cases, and the share of heat on joints where these are known."""

import json
from pathlib import Path

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import numpy as np
    import pandas as pd
    import torch

    from sharpflow.files import atomic_write, read_table, write_table
    from sharpflow.imaging.shards import read_shards
    from sharpflow.whole_image.experiments import EXPERIMENTS
    from sharpflow.whole_image.explanation.explain import explain_network
    from sharpflow.whole_image.explanation.pointing_game import energy_pointing_game

    torch.set_num_threads(snakemake.threads)
    source, output = snakemake.input, snakemake.output
    experiment = EXPERIMENTS[snakemake.params.experiment]
    images, packed = read_shards(source.images)
    found = explain_network(
        experiment,
        source.model[0],
        images,
        packed,
        read_table(source.predictions[0]),
        statistics=json.loads(Path(source.statistics).read_text()),
        rules=snakemake.params.rules,
    )
    with atomic_write(output.heat) as temporary:
        np.savez(temporary, heat=found.case_heat, images=found.case_images)
    write_table(found.cases, output.cases)
    shares = pd.DataFrame({"image_id": []})
    if source.get("truth"):
        joints = read_table(Path(source.truth) / "truth" / "joints.csv")
        shares = energy_pointing_game(found.heat, images.size[0], found.tests, joints)
        shares = shares.assign(row=experiment.name)
    write_table(shares, output.shares)
