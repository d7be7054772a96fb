"""Train one limb kind's YOLOv3 on the boxed, masked films of training patients."""

from pathlib import Path
from shutil import rmtree

from sharpflow.job import job

with job(snakemake.log[0], snakemake.threads):
    from sharpflow.anatomy import LimbKind
    from sharpflow.cards import write_card
    from sharpflow.detection.crops import to_standard
    from sharpflow.detection.dataset import MaskedFilms, write_detector_set
    from sharpflow.detection.training import train_detector
    from sharpflow.digests import digest_of
    from sharpflow.files import read_table
    from sharpflow.imaging.shards import read_shards
    from sharpflow.phantom.read_truth import read_true_masks

    kind, params, source = LimbKind(snakemake.wildcards.kind), snakemake.params, snakemake.input
    out = Path(snakemake.output.model).parent
    films, rows = read_shards(source.images)
    if params.true_masks:
        height, width = films.size
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
    boxed = write_detector_set(
        out / "films",
        MaskedFilms(films, masks),
        rows,
        boxes,
        splits,
        kind=kind,
        image_size=params.settings["image_size"],
    )
    history = train_detector(
        out / "films",
        out=out,
        weights=source.get("weights") or None,
        **params.settings,
        threads=snakemake.threads,
        seed=params.seed,
    )
    write_card(
        snakemake.output.card,
        expects=f"masked standardized films of a {kind}, uint8, longer side "
        f"{params.settings['image_size']} pixels; gives joint boxes",
        data=params.data,
        data_digest=digest_of(boxes.to_csv(), boxed.to_csv()),
        settings=params.settings,
        metrics=history.iloc[-1].dropna().to_dict(),
    )
    rmtree(out / "films")
    rmtree(out / "ultralytics", ignore_errors=True)
