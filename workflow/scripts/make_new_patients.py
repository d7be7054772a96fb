"""Make radiographs of two patients who are in no cohort: what a finished study scores."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from sharpflow.files import atomic_folder
from sharpflow.workflow.job import recorded_job

PATIENTS = 2


def main() -> None:
    with recorded_job(snakemake, threads=1), atomic_folder(snakemake.output[0]) as folder:
        from sharpflow.phantom.cohorts.joints import make_joint_cohort
        from sharpflow.phantom.cohorts.whole_images import make_whole_image_cohort
        from sharpflow.seeds import seed_for

        params = snakemake.params
        shared = {
            "patients": PATIENTS,
            "seed": seed_for(params.seed, "phantom", "new patients"),
            "workers": snakemake.threads,
        }
        with TemporaryDirectory(dir=folder) as made:
            joints, whole = Path(made, "joints"), Path(made, "whole_image")
            if params.joints:
                make_joint_cohort(
                    joints, height=params.joints, body_parts=params.body_parts, **shared
                )
            if params.whole_image:  # of the same patients
                make_whole_image_cohort(whole, shared=PATIENTS, height=params.whole_image, **shared)
            for source in (joints / "radiographs", whole / "images"):
                for path in sorted(source.iterdir()) if source.is_dir() else ():
                    shutil.move(path, folder / _renamed(path.name))


def _renamed(name: str) -> str:
    """The cohorts have patients of the same number, who are others."""
    return name.replace("UAB", "NEW")


if __name__ == "__main__":  # the processes that make them load this file again
    main()
