"""Train one body part's YOLOv3 on the boxed, masked radiographs of training patients."""

from pathlib import Path
from shutil import rmtree

from sharpflow.workflow.job import job

with job(snakemake.log[0], snakemake.threads, snakemake.resources) as this:
    from sharpflow.anatomy import BodyPart
    from sharpflow.digests import digest_of
    from sharpflow.files import read_table
    from sharpflow.imaging.shards import read_shards
    from sharpflow.joints.detection.dataset import write_detector_set
    from sharpflow.joints.detection.training import train_detector
    from sharpflow.joints.detection.views import Views
    from sharpflow.joints.scoring.crops import to_standard
    from sharpflow.phantom.cohorts.truth import read_true_masks
    from sharpflow.workflow.model_cards import write_model_card

    body_part, params, source = (
        BodyPart(snakemake.wildcards.body_part),
        snakemake.params,
        snakemake.input,
    )
    out = Path(snakemake.output.model).parent
    radiographs, rows = read_shards(source.images)
    if params.true_masks:
        height, width = radiographs.size
        masks = list(
            read_true_masks(
                source.masks,
                rows["image_id"],
                height=height,
                width=width,
                crop_bottom=params.crop_bottom,
            )
        )
    else:
        masks, _ = read_shards(source.masks)
    boxes = read_table(source.boxes)
    boxes = to_standard(boxes[boxes["image_id"].isin(rows["image_id"])], rows)
    splits = read_table(source.split)
    settings = dict(params.settings)
    image_size, view = settings["image_size"], settings.pop("view")
    boxed = write_detector_set(
        out / "radiographs",
        Views(radiographs, masks, image_size=image_size, view=view),
        rows,
        boxes,
        splits,
        body_part=body_part,
    )
    history = train_detector(
        out / "radiographs",
        out=out,
        weights=source.get("weights") or None,
        **settings,
        threads=snakemake.threads,
        time_budget=this.seconds_left(),
        seed=params.seed,
    )
    write_model_card(
        snakemake.output.model_card,
        expects=f"the {view} on masked standardized images of a {body_part}, uint8, longer side "
        f"{image_size} pixels; gives joint boxes",
        data=params.data,
        data_digest=digest_of(boxes.to_csv(), boxed.to_csv()),
        settings=params.settings,
        metrics=history.iloc[-1].dropna().to_dict(),
    )
    rmtree(out / "radiographs")
    rmtree(out / "ultralytics", ignore_errors=True)
