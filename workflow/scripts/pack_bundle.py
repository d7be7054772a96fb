"""Pack what scoring needs of a trained study into one file."""

import os

from sharpflow.workflow.job import recorded_job

# All networks are exported by one process, in which TensorFlow cannot be beside torch.
os.environ["KERAS_BACKEND"] = "torch"

with recorded_job(snakemake):
    from pathlib import Path

    from sharpflow.bundle.export.describe import describe
    from sharpflow.bundle.export.study import export_networks
    from sharpflow.bundle.pack import write_bundle
    from sharpflow.workflow.provenance.facts import code_version

    params, source = snakemake.params, snakemake.input
    manifest = describe(
        study=params.study,
        code=code_version(),
        joints=params.joints,
        whole_image=params.whole_image,
        data=params.data,
        splits=dict(zip(params.data, source.splits, strict=True)),
        units=params.units,
        max_megapixels=params.max_megapixels,
        statistics=next(iter(source.statistics), None),
        stacks=dict(zip(params.stacks, source.stacks, strict=True)),
        confidences=dict(zip(params.confidences, source.confidences, strict=True)),
        familiar=dict(
            zip(params.familiar, zip(source.features, source.crops, strict=True), strict=True)
        ),
        out_of_fold=dict(zip(params.out_of_fold, source.out_of_fold, strict=True)),
        totals=next(iter(source.totals), None),
        finger_line=list(source.finger_line),
    )
    members = export_networks(manifest, dict(zip(params.networks, source.networks, strict=True)))
    for name, path in zip(params.cards, source.cards, strict=True):
        if f"networks/{name}.onnx" in members or name in params.stacks:
            members[f"cards/{name}.json"] = Path(path).read_bytes()
    write_bundle(snakemake.output[0], manifest, members)
