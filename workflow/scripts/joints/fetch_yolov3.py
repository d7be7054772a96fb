"""COCO's YOLOv3: from a local file, or downloaded by ultralytics."""

import shutil

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    from sharpflow.digests import check_sha256
    from sharpflow.files import atomic_write
    from sharpflow.joints.detection.pretrained import download_coco_weights

    if snakemake.params.file:
        check_sha256(snakemake.params.file, snakemake.params.sha256)
        with atomic_write(snakemake.output[0]) as temporary:
            shutil.copyfile(snakemake.params.file, temporary)
    else:
        download_coco_weights(snakemake.params.model, snakemake.output[0])
