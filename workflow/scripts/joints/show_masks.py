"""Good, typical and worst masks, of entropy and of the U-Net, for the report."""

from sharpflow.workflow.job import recorded_job

with recorded_job(snakemake):
    import pandas as pd

    from sharpflow.files import read_table
    from sharpflow.reporting.examples import Group, images_by_id, mask_group, write_examples
    from sharpflow.reporting.style import data_note
    from sharpflow.reporting.tables import LIMB_NAMES

    source = snakemake.input

    def read(name: str) -> pd.DataFrame:
        """All shards' or body parts' tables as one."""
        return pd.concat(map(read_table, source[name]), ignore_index=True)

    image_of = images_by_id(source.images)
    quality = read("quality").merge(read("chosen")[["image_id", "proposed"]], on="image_id")
    quality = quality.sort_values(["quality", "image_id"], ascending=[False, True])
    covered = read_table(source.radiographs, mask=str).rename(columns={"mask": "judgement"})
    covered = covered.assign(share=covered["mask_share"], judgement=covered["judgement"].fillna(""))
    covered = covered.sort_values(["share", "image_id"])
    groups: list[Group] = []
    for part in snakemake.params.body_parts:
        limbs = LIMB_NAMES[part]
        of_part = quality[quality["body_part"] == part].to_dict("records")
        heading = f"{limbs}: entropy masks, by their quality score"
        groups.append(mask_group(heading, of_part, image_of, images_by_id(source.entropy)))
        columns = ["image_id", "share", "judgement"]
        of_part = covered.loc[covered["body_part"] == part, columns].to_dict("records")
        heading = f"{limbs}: U-Net masks, by the share of the radiograph that they cover"
        places = ("smallest", "typical", "largest")
        groups.append(
            mask_group(heading, of_part, image_of, images_by_id(source.unet), places=places)
        )
    write_examples(
        snakemake.output[0],
        "Examples of masks",
        about="A blue frame: proposed as good, or a plausible share. An orange one: left out with "
        "its weakest feature, or empty, small or large. All radiographs, whatever part they had in "
        "training.",
        note=data_note(snakemake.params.data),
        groups=groups,
    )
