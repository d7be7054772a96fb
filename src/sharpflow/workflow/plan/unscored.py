"""The user's radiographs, those that nobody has scored apart, and the files that these make."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sharpflow.anatomy import LIMBS, BodyPart, Damage
from sharpflow.cohorts.csv_rows import Rows
from sharpflow.cohorts.radiographs import Radiograph, list_radiographs, places_of
from sharpflow.cohorts.visits import only_visits, read_score_rows, scored_visits, unscored_visits
from sharpflow.errors import Problem
from sharpflow.imaging.shards import shard_of
from sharpflow.workflow.plan.paths import Wildcards, shards_for
from sharpflow.workflow.settings.base import PerBodyPart
from sharpflow.workflow.settings.cohorts import JointCohort, Phantom

UNSCORED = "unscored"  # the cohort's name


@dataclass(frozen=True)
class ListedRadiographs:
    """The user's radiographs.

    Attributes:
        scored: those that are trained on and measured; all, where the cohort has no scores.
        unscored: those of visits that nobody has scored.
        only_visits: see `visits.only_visits`.
        has_strays: whether rows of scores have no radiographs; whose they are, the check asks.
        problems: of the list of radiographs and of the table of scores, by their keys.
    """

    scored: Sequence[Radiograph] = ()
    unscored: Sequence[Radiograph] = ()
    only_visits: dict[str, str] = field(default_factory=dict)
    has_strays: bool = False
    problems: Mapping[str, Sequence[Problem]] = field(default_factory=dict)

    @property
    def places(self) -> dict[str, list[str]]:
        """Whom they are of, and where each patient's are listed."""
        return places_of([*self.scored, *self.unscored])


def list_by_scores(own: JointCohort) -> ListedRadiographs:
    """List the radiographs of a cohort, those without scores apart."""
    if not own.radiographs:
        return ListedRadiographs()
    found = list_radiographs(own.radiographs)
    listed, only = found.radiographs, only_visits(found.radiographs)
    table = read_score_rows(own.scores) if own.scores else Rows()
    scored = scored_visits(table.rows, only)
    unscored = unscored_visits(listed, scored)
    return ListedRadiographs(
        [r for r in listed if (r.patient, r.visit) not in unscored],
        [r for r in listed if (r.patient, r.visit) in unscored],
        only,
        bool(scored - {(r.patient, r.visit) for r in listed}),
        {"radiographs": found.problems, "scores": table.problems},
    )


def visits_in_words(radiographs: Phantom | Sequence[Radiograph]) -> str:
    """How many radiographs, patients and visits have scores, where a patient has several."""
    if isinstance(radiographs, Phantom):
        patients, each = radiographs.patients, radiographs.visits
        counts = (len(LIMBS) * patients * each, patients, patients * each)
    else:
        visits = {(radiograph.patient, radiograph.visit) for radiograph in radiographs}
        counts = (len(radiographs), len({patient for patient, _ in visits}), len(visits))
    if counts[1] == counts[2]:
        return ""
    return "{} radiographs of {} patients, {} visits".format(*counts)


class UnscoredRadiographs:
    """A cohort that is only predicted; it has only the shards that are not empty.

    Attributes:
        radiographs: those whose body part has models.
        body_parts: theirs, hands first.
        models: the models of these body parts.
        warnings: of radiographs that are left out, as their body part has no models.
    """

    def __init__(
        self,
        radiographs: Sequence[Radiograph],
        models: Mapping[str, tuple[Damage, BodyPart]],
        shards: PerBodyPart[int | Literal["auto"]],
    ) -> None:
        """`models` of the study, and the number of `shards` that it asks for by body part."""
        parts = {part for _, part in models.values()}
        self.radiographs = [r for r in radiographs if body_part_of(r.limb) in parts]
        left_out = [r for r in radiographs if body_part_of(r.limb) not in parts]
        self.warnings = (
            [
                f"cohorts.joints.radiographs: {len(left_out)} without scores are of a body part of "
                f"which none has scores (the first: {left_out[0].image_id}). There is no model for "
                "them, so they are left out."
            ]
            if left_out
            else []
        )
        self._counts: dict[str, int] = {}
        self._shards: dict[BodyPart, list[str]] = {}
        self._number: dict[str, int] = {}
        for part in BodyPart:
            own = [r.image_id for r in self.radiographs if body_part_of(r.limb) == part]
            if own:
                number = shards_for(shards[part], len(own))
                self._counts[part], self._number[part] = len(own), number
                self._shards[part] = sorted({shard_of(image_id, number) for image_id in own})
        self.body_parts = list(self._shards)
        self.models = [name for name, (_, part) in models.items() if part in self._shards]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.radiographs)

    def count(self, body_part: str) -> int:
        """How many there are of a body part."""
        return self._counts.get(body_part, 0)

    def count_shards(self, body_part: str) -> int:
        """By how many shards those of a body part are divided, the empty ones too."""
        return self._number.get(body_part, 1)

    def every_shard(self, pattern: str, body_parts: Sequence[str] = ()) -> list[str]:
        """All shards of a stage, hands first."""
        return [
            pattern.replace("{body_part}", part).replace("{shard}", shard)
            for part in body_parts or self.body_parts
            for shard in self._shards.get(BodyPart(part), ())
        ]

    def shards(self, pattern: str) -> Callable[[Wildcards], list[str]]:
        """All shards of a stage, for the wildcard `body_part`."""
        return lambda wildcards: self.every_shard(pattern, [wildcards.body_part])

    def each_body_part(self, pattern: str) -> list[str]:
        """A stage's file of each body part."""
        return [pattern.replace("{body_part}", part) for part in self.body_parts]

    def each_model(self, pattern: str) -> list[str]:
        """A file of each model."""
        return [pattern.replace("{model}", model) for model in self.models]


def body_part_of(limb: str) -> BodyPart:
    """The body part that a limb is."""
    return LIMBS[limb].body_part
