"""Make children's hands with their bone ages."""

from pathlib import Path

from sharpflow.workflow.job import recorded_job


def main() -> None:
    with recorded_job(snakemake, threads=1):
        from sharpflow.phantom.cohorts.bone_age import make_bone_age_cohort
        from sharpflow.seeds import seed_for

        make_bone_age_cohort(
            Path(snakemake.output[0]),
            children=snakemake.params.children,
            seed=seed_for(snakemake.params.seed, "phantom", "bone_age"),
            height=snakemake.params.radiograph_height,
            workers=snakemake.threads,
        )


if __name__ == "__main__":  # the processes that make them load this file again
    main()
