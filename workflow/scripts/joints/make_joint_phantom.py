"""Make a cohort of radiographs with known truth."""

from sharpflow.files import atomic_folder
from sharpflow.workflow.job import recorded_job


def main() -> None:
    with recorded_job(snakemake, threads=1), atomic_folder(snakemake.output[0]) as folder:
        from sharpflow.phantom.cohorts.joints import Mix, make_joint_cohort
        from sharpflow.seeds import seed_for

        make_joint_cohort(
            folder,
            patients=snakemake.params.patients,
            visits=snakemake.params.visits,
            seed=seed_for(snakemake.params.seed, "phantom", snakemake.wildcards.cohort),
            height=snakemake.params.radiograph_height,
            workers=snakemake.threads,
            body_parts=snakemake.params.body_parts,
            mix=Mix(**snakemake.params.mix),
        )


if __name__ == "__main__":  # the processes that make them load this file again
    main()
