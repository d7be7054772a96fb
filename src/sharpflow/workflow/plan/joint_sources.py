"""Where the joint pipeline's cohorts come from: the user's files, or the phantom's folder."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from sharpflow.cohorts.labels import LABEL_SUFFIXES
from sharpflow.cohorts.radiographs import SUFFIXES, Radiograph, in_subfolders
from sharpflow.digests import digest_of
from sharpflow.imaging.shards import shard_of
from sharpflow.workflow.plan.joint_counts import JointCounts
from sharpflow.workflow.plan.paths import (
    PHANTOM,
    Wildcards,
    existing,
    existing_labels,
    other_labels,
)
from sharpflow.workflow.plan.unscored import UNSCORED, ListedRadiographs, body_part_of
from sharpflow.workflow.settings.cohorts import JointCohort
from sharpflow.workflow.user_paths import as_they_stand


class JointSources:
    """The files and folders of a cohort at present; of a synthetic one, where it is made."""

    def __init__(
        self,
        study: str,
        own: JointCohort | None,
        listed: ListedRadiographs,
        *,
        synthetic: Collection[str],
        counts: JointCounts,
    ) -> None:
        """See `JointPlan` for what they are.

        Args:
            study: its name.
            own: the user's cohort, if there is one.
            listed: the user's radiographs.
            synthetic: names of the cohorts that the phantom makes.
            counts: of radiographs and shards.
        """
        self._study = study
        self._own = own
        self._listed = listed
        self._synthetic = synthetic
        self._counts = counts

    def phantom_folder(self, cohort: str) -> str:
        """The folder that a synthetic cohort is made in."""
        return f"results/{self._study}/phantom/{cohort}"

    def radiographs(self, wildcards: Wildcards) -> str | None:
        """The folder or CSV of a cohort's radiographs."""
        return self._source("radiographs", "radiographs", wildcards.cohort)

    def synthetic_radiographs(self, wildcards: Wildcards) -> str | None:
        """The folder of a cohort's radiographs, where only the job can list it."""
        return self.radiographs(wildcards) if wildcards.cohort in self._synthetic else None

    def scores(self, wildcards: Wildcards) -> str | None:
        """The table of a cohort's scores."""
        return self._source("scores", "scores.csv", wildcards.cohort)

    def only_visits(self, wildcards: Wildcards) -> dict[str, str]:
        """patient -> visit that a row of scores is of, if it names none and it is not "1"."""
        return {} if wildcards.cohort in self._synthetic else self._listed.only_visits

    def boxes(self, wildcards: Wildcards) -> str | None:
        """The folder of a cohort's boxes."""
        return self._source("boxes", "boxes", wildcards.cohort)

    # Files.

    def shard_radiograph_files(self, wildcards: Wildcards) -> str | list[str]:
        """The radiographs of one body part that belong to a shard."""
        return self._files(wildcards, lambda: [r.path for r in self.shard_radiographs(wildcards)])

    def synthetic_folder(self, wildcards: Wildcards) -> str | list[str]:
        """The folder of a synthetic cohort, for what takes its tables as `ancient` inputs."""
        return self._files(wildcards, list)

    def score_files(self, wildcards: Wildcards) -> str | list[str]:
        """The table of scores, if there is one."""
        own = self._own
        return self._files(wildcards, lambda: [own.scores] if own and own.scores else [])

    def box_files(self, wildcards: Wildcards) -> str | list[str]:
        """The label files of the boxes; what else lies in their folder is not looked at."""
        own = self._own
        return self._files(
            wildcards,
            lambda: existing_labels(own.boxes) if own and own.boxes not in (None, PHANTOM) else [],
        )

    def not_read(self, wildcards: Wildcards) -> str:
        """A digest of what the user's folders and lists hold that no rule reads; empty for nothing.

        Files in folders within, wrong rows, and what is no radiograph or label file. The check
        tells of them, so it is made again when they come or go, though all that is read stays.
        """
        if wildcards.cohort in self._synthetic or not self._own:
            return ""
        boxes = None if self._own.boxes == PHANTOM else self._own.boxes
        found = [
            in_subfolders(source, suffixes) if source else []
            for source, suffixes in ((self._own.radiographs, SUFFIXES), (boxes, LABEL_SUFFIXES))
        ]
        found += [
            list(map(str, self._listed.problems.get("radiographs", ()))),
            other_labels(boxes) if boxes else [],
        ]
        return digest_of(found) if any(found) else ""

    def shard_rows(self, wildcards: Wildcards) -> list[list[Any]]:
        """A shard's radiographs as plain values; none where they are synthetic."""
        if wildcards.cohort in self._synthetic:
            return []
        return [
            [r.image_id, r.patient, r.limb, r.visit, str(r.path), r.listed]
            for r in self.shard_radiographs(wildcards)
        ]

    def shard_radiographs(self, wildcards: Wildcards) -> list[Radiograph]:
        """The user's radiographs of one body part that belong to a shard."""
        unscored, shards = wildcards.cohort == UNSCORED, self._counts.job_shards(wildcards)
        return [
            radiograph
            for radiograph in (self._listed.unscored if unscored else self._listed.scored)
            if body_part_of(radiograph.limb) == wildcards.body_part
            and shard_of(radiograph.image_id, shards) == wildcards.shard
        ]

    def _source(self, key: str, made_at: str, cohort: str) -> str | None:
        if cohort in self._synthetic or self._own is None:
            return f"{self.phantom_folder(cohort)}/{made_at}"
        source: str | None = getattr(self._own, key)
        return source

    def _files(
        self, wildcards: Wildcards, own: Callable[[], Sequence[str | Path]]
    ) -> str | list[str]:
        if wildcards.cohort in self._synthetic:
            return self.phantom_folder(wildcards.cohort)
        return as_they_stand(existing(own()))
