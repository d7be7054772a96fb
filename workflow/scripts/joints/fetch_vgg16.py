"""ImageNet's VGG16 without its top: from a local file, or downloaded by Keras."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.digests import check_sha256
    from sharpflow.files import atomic_write
    from sharpflow.joints.scoring.imagenet import download_base
    from sharpflow.joints.scoring.vgg16 import build_base

    size = snakemake.params.size
    if snakemake.params.file:
        check_sha256(snakemake.params.file, snakemake.params.sha256)
        base = build_base(snakemake.params.file, size)
    else:
        base = download_base(size)
    with atomic_write(snakemake.output[0]) as temporary:
        base.save(temporary)
