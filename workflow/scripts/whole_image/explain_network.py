"""Grad-CAM of one network: four cases, and the share of heat on joints where these are known."""

import json
from pathlib import Path

from sharpflow.workflow.job import job

with job(snakemake.log[0], snakemake.threads, snakemake.resources):
    import numpy as np
    import pandas as pd
    import torch

    from sharpflow.files import atomic_write, read_table, write_table
    from sharpflow.imaging.shards import read_shards
    from sharpflow.whole_image.experiments import EXPERIMENTS
    from sharpflow.whole_image.explanation.cases import SeverityRules, TotalRules, choose_cases
    from sharpflow.whole_image.explanation.grad_cam import coarse_heat, enlarge
    from sharpflow.whole_image.explanation.pointing_game import energy_pointing_game
    from sharpflow.whole_image.training.predictions import load_network

    torch.set_num_threads(snakemake.threads)
    source, output, task = snakemake.input, snakemake.output, snakemake.wildcards.task
    predictions = read_table(source.predictions[0])
    statistics = json.loads(Path(source.statistics).read_text())
    stack, packed = read_shards(source.images)
    tests = predictions[predictions["split"] == "test"].merge(packed, on="image_id")
    number = {image_id: index for index, image_id in enumerate(packed["image_id"])}

    experiment = EXPERIMENTS[snakemake.params.experiment]
    # Of classes, what spoke for the predicted one; a total has one output.
    explained = tests["predicted"] if task == "severity" else tests["predicted"] * 0
    heat = coarse_heat(
        load_network(experiment, source.model[0]).to(
            "cuda" if torch.cuda.is_available() else "cpu"
        ),
        stack.take(number[image_id] for image_id in tests["image_id"]),
        pixel_mean=statistics["pixel_mean"],
        pixel_sd=statistics["pixel_sd"],
        outputs=explained.astype(int).tolist(),
    )
    rules = SeverityRules(**snakemake.params.classes) if task == "severity" else TotalRules()
    cases = choose_cases(predictions, rules).merge(
        packed[["image_id", "height", "width"]], on="image_id"
    )
    place = {image_id: index for index, image_id in enumerate(tests["image_id"])}
    with atomic_write(output.heat) as temporary:
        np.savez(
            temporary,
            heat=enlarge(heat[[place[image_id] for image_id in cases["image_id"]]], stack.size[0]),
            images=stack.take(number[image_id] for image_id in cases["image_id"]),
        )
    write_table(cases, output.cases)
    shares = pd.DataFrame({"image_id": []})
    if source.get("truth"):
        joints = read_table(Path(source.truth) / "truth" / "joints.csv")
        shares = energy_pointing_game(heat, stack.size[0], tests, joints).assign(
            row=experiment.name
        )
    write_table(shares, output.shares)
