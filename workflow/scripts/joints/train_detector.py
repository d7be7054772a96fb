"""Train one body part's YOLOv3 on the boxed, masked radiographs of training patients."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake) as this:
    from pathlib import Path
    from shutil import rmtree

    from sharpflow.anatomy import BodyPart
    from sharpflow.digests import digest_of
    from sharpflow.files import read_table, write_table
    from sharpflow.hardware import device_in_words, precision_in_words, uses_bfloat16
    from sharpflow.imaging.shards import read_shards
    from sharpflow.joints.detection.confidence import chosen_confidence
    from sharpflow.joints.detection.dataset import write_detector_set
    from sharpflow.joints.detection.detect import validate_confidences
    from sharpflow.joints.detection.offline import chosen_device
    from sharpflow.joints.detection.rough_masks import RoughMasks
    from sharpflow.joints.detection.training import DetectorSettings, train_detector
    from sharpflow.joints.detection.views import Views
    from sharpflow.joints.scoring.crops import to_standard
    from sharpflow.phantom.cohorts.truth import read_true_masks
    from sharpflow.workflow.training_run import TrainingRun

    params, source = snakemake.params, snakemake.input
    body_part, settings = (
        BodyPart(snakemake.wildcards.body_part),
        DetectorSettings(**params.settings),
    )
    radiographs, rows = read_shards(source.images)
    if params.true_masks:
        height, width = radiographs.size
        true = read_true_masks(
            source.masks,
            rows["image_id"],
            height=height,
            width=width,
            crop_bottom=params.crop_bottom,
        )
        masks = RoughMasks(list(true), share=params.rough_masks, seed=params.seed)
    else:
        masks, _ = read_shards(source.masks)
    boxes = read_table(source.boxes)
    boxes = to_standard(boxes[boxes["image_id"].isin(rows["image_id"])], rows)
    out = Path(snakemake.output.model).parent
    views = Views(radiographs, masks, image_size=settings.image_size, view=settings.view)
    boxed = write_detector_set(
        out / "radiographs",
        views,
        rows,
        boxes,
        read_table(source.split),
        body_part=body_part,
    )
    # It cannot resume, so its folder needs no name of its own.
    run = TrainingRun(out / "ultralytics", digest_of(boxes.to_csv(), boxed.to_csv()))
    history = train_detector(
        out / "radiographs",
        out=out,
        settings=settings,
        seed=params.seed,
        weights=source.get("weights") or None,
        threads=snakemake.threads,
        time_budget=this.seconds_left(),
    )
    confidences = validate_confidences(
        snakemake.output.model,
        views,
        rows,
        boxes,
        boxed.loc[boxed["split"] == "validation", "image_id"],
        body_part=body_part,
        image_size=settings.image_size,
    )
    write_table(confidences, snakemake.output.confidence)
    run.write_results(
        snakemake.output,
        history=history,
        metrics=history.iloc[-1].dropna().to_dict()
        | {"chosen_confidence": chosen_confidence(confidences)},
        expects=f"the {settings.view} on masked standardized images of a {body_part}, uint8, "
        f"longer side {settings.image_size} pixels; gives joint boxes",
        data=params.data,
        settings=params.settings,
        device=device_in_words(snakemake.threads),
        precision=precision_in_words(bfloat16=uses_bfloat16(settings.precision, chosen_device())),
    )
    rmtree(out / "radiographs")
    rmtree(run.checkpoints, ignore_errors=True)
