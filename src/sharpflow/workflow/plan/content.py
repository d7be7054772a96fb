"""What rules read of the user's files, for their params.

A table that holds more than a rule reads is an `ancient` input of it: the rule waits for the table,
and is not made again when that is. What it reads of it is a param. So a changed radiograph of a
hand, a corrected score or a verdict on a mask reruns what depends on it and no more. Synthetic
cohorts have no such files; their folder is an ordinary input.
"""

from functools import cached_property
from pathlib import Path
from typing import Any

from sharpflow.anatomy import DETECTED_JOINTS
from sharpflow.cohorts.labels import labelled_images
from sharpflow.cohorts.radiographs import Radiograph
from sharpflow.cohorts.said_of_images import read_verdicts
from sharpflow.cohorts.score_rows import Score, read_row
from sharpflow.cohorts.visits import has_scores, read_score_rows, said_visit, visit_of
from sharpflow.digests import digest_of
from sharpflow.workflow.by_content import ToldFiles
from sharpflow.workflow.content import contents_of
from sharpflow.workflow.plan.image_cohorts import ImageCohorts
from sharpflow.workflow.plan.joints import JointPlan
from sharpflow.workflow.plan.paths import PHANTOM, Wildcards, existing_labels
from sharpflow.workflow.plan.unscored import body_part_of


class JointContent:
    """What the joint pipeline's rules read, by their wildcards, as digests and plain values.

    Nothing where it is synthetic.
    """

    def __init__(self, plan: JointPlan) -> None:
        """`plan`: of the study."""
        self.plan = plan
        self.own = plan.own

    def radiographs(self, wildcards: Wildcards) -> str:
        """A shard's radiographs: whose they are, and what is in them."""
        if self._is_synthetic(wildcards):
            return ""
        return digest_of(self._listed(self.plan.sources.shard_radiographs(wildcards)))

    def score_file(self, wildcards: Wildcards) -> list[str]:
        """The whole table of scores."""
        scores = self.own.scores if self.own and not self._is_synthetic(wildcards) else None
        return contents_of(scores)

    def box_files(self, wildcards: Wildcards) -> str:
        """All label files."""
        return digest_of(self._labels) if self.own and not self._is_synthetic(wildcards) else ""

    def split_file(self, wildcards: Wildcards) -> list[str]:
        """The user's own split."""
        return contents_of(self.plan.split_tables(wildcards.cohort))

    def override_file(self, wildcards: Wildcards) -> list[str]:
        """The whole table of verdicts on masks."""
        return contents_of(list(self.plan.override_table(wildcards)))

    def scores(self, wildcards: Wildcards) -> str:
        """The scores that the wildcard `model` learns: of its damage and body part."""
        return self._learned(wildcards.model)

    def every_models_scores(self, _: Wildcards) -> list[str]:
        """The scores that each model learns."""
        return [self._learned(model) for model in self.plan.models]

    def _learned(self, model: str) -> str:
        damage, body_part = self.plan.models[model]
        joints = {joint.name for joint in DETECTED_JOINTS[body_part]}
        found = [
            list(score)
            for score in self._scores
            if score[4] == damage and score[3] in joints and body_part_of(score[2]) == body_part
        ]
        return digest_of(found)

    def boxes(self, wildcards: Wildcards) -> str:
        """The label files of one body part's radiographs, and what belongs to none."""
        part_of = {r.image_id: body_part_of(r.limb) for r in self._every}
        image_ids = labelled_images([Path(name) for name, _ in self._labels], part_of)
        return digest_of(
            [
                label
                for label in self._labels
                if part_of.get(image_ids[Path(label[0])]) in (None, wildcards.body_part)
            ]
        )

    def verdicts(self, wildcards: Wildcards) -> str:
        """What a person says of one body part's masks, and of none's."""
        path = self.plan.study.masks.overrides
        if not path:
            return ""
        others = {r.image_id for r in self._every if body_part_of(r.limb) != wildcards.body_part}
        verdicts = read_verdicts(path).by_image
        return digest_of({name: good for name, good in verdicts.items() if name not in others})

    def patients(self, wildcards: Wildcards) -> str:
        """Who is split, and of which body parts there are radiographs."""
        if self._is_synthetic(wildcards):
            return ""
        parts = {(r.patient, str(body_part_of(r.limb))) for r in self.plan.radiographs}
        return digest_of(sorted(map(list, parts)))

    def set_aside(self, wildcards: Wildcards) -> str:
        """What decides which radiographs the check sets aside; empty where problems stop the run.

        A radiograph may turn out to be unusable, or another one's copy, only when it is read: a
        changed one counts for both body parts. A score that was right and still is does not.
        """
        checks = self.plan.study.checks
        if checks.on_problem != "set_aside" or self._is_synthetic(wildcards):
            return ""
        settings = checks.model_dump(exclude={"warnings", "near_ids", "ignored_classes"})
        own_split = contents_of(self.plan.split_tables("joints"))
        return digest_of(self._listed(self._every), self._score_rows, own_split, settings)

    def _is_synthetic(self, wildcards: Wildcards) -> bool:
        return getattr(wildcards, "cohort", "joints") in self.plan.synthetic

    def _listed(self, radiographs: list[Radiograph]) -> list[list[str]]:
        contents = contents_of([r.path for r in radiographs])
        return [
            [r.image_id, r.patient, r.limb, r.visit, content]
            for r, content in zip(radiographs, contents, strict=True)
        ]

    @cached_property
    def _every(self) -> list[Radiograph]:
        """The user's radiographs, with scores or without."""
        return [*self.plan.radiographs, *self.plan.unscored.radiographs]

    @cached_property
    def _labels(self) -> list[list[str]]:
        """The user's label files: name, content."""
        folder = self.own.boxes if self.own else None
        paths = existing_labels(folder) if folder and folder != PHANTOM else []
        contents = contents_of(paths)
        return [[path.name, content] for path, content in zip(paths, contents, strict=True)]

    @cached_property
    def _rows(self) -> list[tuple[list[Any], list[Score]]]:
        """The rows of scores: patient, visit, whether it is named, whether all is right; scores."""
        if not self.own or not self.own.scores:
            return []
        only = self.plan.only_visits_of_own
        found = []
        for row in read_score_rows(self.own.scores).rows:  # none of a table that is refused
            if has_scores(row):
                visit = visit_of(row, only)
                scores, wrong = read_row("", row, visit)
                found.append(([*visit, bool(said_visit(row)), not wrong], scores))
        return found

    @property
    def _scores(self) -> list[Score]:
        return [score for _, scores in self._rows for score in scores]

    @property
    def _score_rows(self) -> list[Any]:
        limbs = sorted({score[2] for score in self._scores})
        return [row for row, _ in self._rows] + [limbs]


class ImageContent:
    """What the whole-image pipeline's rules read, likewise, and where they find it.

    Where the files lie does not count, so that folders may be renamed.
    """

    def __init__(self, cohorts: ImageCohorts) -> None:
        """`cohorts`: of the study."""
        self.cohorts = cohorts

    def source(self, wildcards: Wildcards) -> ToldFiles:
        """Where a cohort's tables and images lie."""
        return ToldFiles(self.cohorts.source(wildcards.images))

    def columns(self, wildcards: Wildcards) -> dict[str, str | None]:
        """What the columns of a cohort's table are called, where the user says it."""
        return dict(self.cohorts.source(wildcards.images).get("columns", {}))

    def labels(self, wildcards: Wildcards) -> list[str]:
        """The content of the tables of labels."""
        is_synthetic = self.cohorts.is_synthetic(wildcards.images)
        return [] if is_synthetic else contents_of(list(self.cohorts.label_tables(wildcards)))

    def comments(self, wildcards: Wildcards) -> list[str]:
        """The content of a reader's comments."""
        return contents_of(list(self.cohorts.comment_table(wildcards)))

    def unlisted(self, wildcards: Wildcards) -> str:
        """Images in the user's folders that no row names."""
        return digest_of(self.cohorts.unlisted.get(wildcards.images, {}))

    def files(self, wildcards: Wildcards) -> ToldFiles:
        """Where a shard's images lie: image_id -> file."""
        return ToldFiles(self.cohorts.own_images(wildcards))

    def images(self, wildcards: Wildcards) -> str:
        """A shard's images: their ids, and what is in them."""
        own = self.cohorts.own_images(wildcards)
        return digest_of(dict(zip(own, contents_of(list(own.values())), strict=True)))
