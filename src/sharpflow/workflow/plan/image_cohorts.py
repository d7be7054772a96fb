"""The whole-image pipeline's cohorts: where they come from, and how they are packed."""

from collections.abc import Callable, Mapping
from typing import Any

from sharpflow.cohorts.bone_age import list_bone_age
from sharpflow.cohorts.labelled import ImageList
from sharpflow.cohorts.said_of_images import read_comments
from sharpflow.cohorts.whole_images import is_scored, list_whole_images
from sharpflow.errors import UserError
from sharpflow.imaging.shards import shard_of
from sharpflow.workflow.plan.paths import (
    PHANTOM,
    Wildcards,
    cohort_name,
    existing,
    shard_names,
    shards_for,
)
from sharpflow.workflow.plan.problems import warn_of_problems
from sharpflow.workflow.settings import Study
from sharpflow.workflow.user_paths import as_they_stand

COHORTS = ("whole_image", "bone_age")
UNSCORED = "unscored_images"  # the cohort of the radiographs that nobody has scored
_COLUMNS = ("image", "total", "age", "sex", "patient")


class ImageCohorts:
    """The user's images, or where synthetic ones are made, and the shards of both.

    Attributes:
        own_patients: the patients whom the user's table of whole images names, and in which rows.
        unlisted: images of each cohort of the user's that no row names, by folder.
        warnings: of what is wrong with the user's tables.
    """

    def __init__(self, study: Study) -> None:
        """`study` has a cohort of whole images; UserError where its split does not fit them."""
        self._study = study
        self.own_patients: dict[str, list[str]] = {}
        self.unlisted: dict[str, dict[str, list[str]]] = {}
        self.warnings: list[str] = []
        self._own_images: dict[str, dict[str, str]] = {UNSCORED: {}}
        for cohort in COHORTS:
            self._own_images |= self._list_own(cohort)
        self._own_images_by_shard = {
            cohort: self._by_shard(cohort, images) for cohort, images in self._own_images.items()
        }

    def phantom_folder(self, cohort: str) -> str:
        """The folder that a synthetic cohort is made in."""
        return f"results/{self._study.study}/phantom/{cohort}"

    def source(self, cohort: str) -> dict[str, Any]:
        """Where a cohort's tables and images lie, as the arguments of its reader."""
        cohort = "whole_image" if cohort == UNSCORED else cohort
        settings, folder = getattr(self._study.cohorts, cohort), self.phantom_folder(cohort)
        if settings != PHANTOM:
            own: dict[str, Any] = settings.model_dump(exclude={"name"})
            return own
        if cohort == "whole_image":
            return {
                "table": f"{folder}/labels.csv",
                "images": f"{folder}/images",
                "columns": {name: name for name in _COLUMNS},
            }
        return {
            f"{part}_{what}": f"{folder}/boneage-{part}-dataset{suffix}"
            for part in ("training", "validation")
            for what, suffix in (("table", ".csv"), ("images", ""))
        }

    def source_of(self, wildcards: Wildcards) -> dict[str, Any]:
        """The same for the wildcard `images`."""
        return self.source(wildcards.images)

    def synthetic_source(self, wildcards: Wildcards) -> dict[str, Any]:
        """The same of a synthetic cohort, which only the job can list; else nothing."""
        return self.source(wildcards.images) if self.is_synthetic(wildcards.images) else {}

    def own_images(self, wildcards: Wildcards) -> dict[str, str]:
        """The user's images of one shard: image_id -> file. None where they are synthetic."""
        return self._own_images_by_shard[wildcards.images].get(wildcards.shard, {})

    def image_files(self, wildcards: Wildcards) -> str | list[str]:
        """What a shard is packed from: its files, or the folder of a synthetic cohort."""
        if self.is_synthetic(wildcards.images):
            return self.phantom_folder(wildcards.images)
        return as_they_stand(existing(self.own_images(wildcards).values()))

    def label_tables(self, wildcards: Wildcards) -> str | list[str]:
        """The tables of labels that exist, or the folder of a synthetic cohort."""
        if self.is_synthetic(wildcards.images):
            return self.phantom_folder(wildcards.images)
        source = self.source(wildcards.images)
        tables = (path for key, path in source.items() if path and key.endswith("table"))
        return as_they_stand(existing(tables))

    def comment_table(self, wildcards: Wildcards) -> str | list[str]:
        """A reader's comments, of the scored cohort alone; none where there are none."""
        table = self._study.whole_image.grad_cam.comments
        return as_they_stand([table] if table and wildcards.images == "whole_image" else [])

    def truth(self) -> str | list[str]:
        """The folder of what is known of the scored radiographs, where it is known."""
        return self.phantom_folder("whole_image") if self.is_synthetic() else []

    def count_shards(self, wildcards: Wildcards) -> int:
        """How many shards a cohort has."""
        return self.count_shards_of(wildcards.images)

    def count_shards_of(self, cohort: str) -> int:
        """How many shards a cohort has, by its name."""
        settings = self._study.whole_image.shards
        asked = getattr(settings, "whole_image" if cohort == UNSCORED else cohort)
        return shards_for(asked, self.count_images(cohort))

    def count_images(self, cohort: str) -> int:
        """How many images a cohort has."""
        if self.is_synthetic(cohort) and cohort != UNSCORED:
            phantom = self._study.phantom
            return phantom.whole_image_patients if cohort == "whole_image" else phantom.children
        return len(self._own_images[cohort])

    def data_name(self, cohort: str = "whole_image") -> str:
        """What tables say their data are: "phantom", or the cohort's name."""
        if self.is_synthetic(cohort):
            return PHANTOM
        return getattr(self._study.cohorts, cohort).name or self.folder(cohort)

    def folder(self, cohort: str = "whole_image") -> str:
        """What a model's card says its data are, so that another name trains nothing again."""
        if self.is_synthetic(cohort):
            return PHANTOM
        settings = getattr(self._study.cohorts, cohort)
        folder = settings.images if cohort == "whole_image" else settings.training_images
        return cohort_name(folder, self._study.study)

    def is_synthetic(self, cohort: str = "whole_image") -> bool:
        """Whether the phantom makes a cohort."""
        cohort = "whole_image" if cohort == UNSCORED else cohort
        return bool(getattr(self._study.cohorts, cohort) == PHANTOM)

    # Packed files.

    def unscored(self, suffix: str) -> list[str]:
        """The shards that have images without scores."""
        shards = sorted(self._own_images_by_shard[UNSCORED])
        return [f"<results>/packed/{UNSCORED}/{shard}{suffix}" for shard in shards]

    def checked_packed(self, suffix: str) -> Callable[[Wildcards], list[str]]:
        """All shards of the cohort that the wildcard `images` names, those without scores too."""
        return lambda wildcards: [
            *self.packed(suffix, wildcards.images),
            *(self.unscored(suffix) if wildcards.images == "whole_image" else []),
        ]

    def packed(self, suffix: str, cohort: str) -> list[str]:
        """All shards of a cohort."""
        names = shard_names(self.count_shards_of(cohort))
        return [f"<results>/packed/{cohort}/{name}{suffix}" for name in names]

    def packed_of(self, suffix: str) -> Callable[[Wildcards], list[str]]:
        """All shards of the cohort that the wildcard `images` names."""
        return lambda wildcards: self.packed(suffix, wildcards.images)

    def _list_own(self, cohort: str) -> dict[str, dict[str, str]]:
        """The user's images, image_id -> file, of a cohort; those without scores are another."""
        if self.is_synthetic(cohort):
            return {cohort: {}}
        reader: Callable[..., ImageList] = (
            list_bone_age if cohort == "bone_age" else list_whole_images
        )
        source = self.source(cohort)
        listed = reader(**source)
        self.unlisted[cohort] = listed.unlisted
        self.warnings += warn_of_problems(f"cohorts.{cohort}", listed.problems)
        if patient := source.get("columns", {}).get("patient"):
            for image in listed.images:
                if named := image.row.values.get(patient):
                    self.own_patients.setdefault(named, []).append(f"row {image.row.number}")
        comments = self._study.whole_image.grad_cam.comments
        if cohort == "whole_image" and comments and listed.images:
            said = read_comments(comments, {image.image_id for image in listed.images})
            self.warnings += warn_of_problems("whole_image.grad_cam.comments", said.problems)
        if cohort == "bone_age":
            return {cohort: {image.image_id: str(image.path) for image in listed.images}}
        self._refuse_wrong_numbers(listed)
        found: dict[str, dict[str, str]] = {cohort: {}, UNSCORED: {}}
        for image in listed.images:
            found[cohort if is_scored(image) else UNSCORED][image.image_id] = str(image.path)
        return found

    def _refuse_wrong_numbers(self, listed: ImageList) -> None:
        """UserError where the numbers of the split do not add up to the images; shares always do.

        What is wrong with the images, or with a table without any total, is for the check to say.
        """
        split = self._study.whole_image.split
        asked = (split.train, split.validation, split.test)
        if max(asked) < 1 or listed.problems or self._study.checks.on_problem == "set_aside":
            return
        with_total = sum(map(is_scored, listed.images))
        if with_total and sum(asked) != with_total:
            raise UserError(
                f"whole_image.split: train {split.train:g}, validation {split.validation:g} and "
                f"test {split.test:g} are {sum(asked):g} images together, and the cohort has "
                f"{with_total} with a total. Give numbers that add up to it, or shares that add up "
                "to 1, as {train: 0.7, validation: 0.2, test: 0.1}."
            )

    def _by_shard(self, cohort: str, images: Mapping[str, str]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for image_id, path in images.items():
            found.setdefault(shard_of(image_id, self.count_shards_of(cohort)), {})[image_id] = path
        return found
