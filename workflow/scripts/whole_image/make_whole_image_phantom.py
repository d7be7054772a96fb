"""Make radiographs of both hands with their totals."""

from sharpflow.files import atomic_folder
from sharpflow.workflow.job import recorded_job


def main() -> None:
    with recorded_job(snakemake, threads=1), atomic_folder(snakemake.output[0]) as folder:
        from sharpflow.phantom.cohorts.whole_images import make_whole_image_cohort
        from sharpflow.seeds import seed_for

        make_whole_image_cohort(
            folder,
            patients=snakemake.params.patients,
            shared=snakemake.params.shared,
            seed=seed_for(
                snakemake.params.seed, "phantom", "joints"
            ),  # the joint cohort's patients
            height=snakemake.params.radiograph_height,
            workers=snakemake.threads,
        )


if __name__ == "__main__":  # the processes that make them load this file again
    main()
