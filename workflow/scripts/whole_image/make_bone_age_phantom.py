"""Make children's hands with their bone ages."""

from sharpflow.files import atomic_folder
from sharpflow.workflow.job import recorded_job


def main() -> None:
    with recorded_job(snakemake, threads=1), atomic_folder(snakemake.output[0]) as folder:
        from sharpflow.phantom.cohorts.bone_age import make_bone_age_cohort
        from sharpflow.seeds import seed_for

        make_bone_age_cohort(
            folder,
            children=snakemake.params.children,
            seed=seed_for(snakemake.params.seed, "phantom", "bone_age"),
            height=snakemake.params.radiograph_height,
            workers=snakemake.threads,
        )


if __name__ == "__main__":  # the processes that make them load this file again
    main()
