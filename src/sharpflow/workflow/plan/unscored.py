"""The radiographs that nobody has scored, and the files that their stages make."""

from collections.abc import Callable, Mapping, Sequence

from sharpflow.anatomy import LIMBS, BodyPart, Damage
from sharpflow.cohorts.radiographs import Radiograph
from sharpflow.imaging.shards import shard_of
from sharpflow.workflow.plan.paths import Wildcards
from sharpflow.workflow.settings.base import PerBodyPart

UNSCORED = "unscored"  # the cohort's name


class UnscoredRadiographs:
    """A cohort that is only predicted; it has only the shards that are not empty.

    Attributes:
        radiographs: those whose body part has models.
        body_parts: theirs, hands first.
        models: the models of these body parts.
    """

    def __init__(
        self,
        radiographs: Sequence[Radiograph],
        models: Mapping[str, tuple[Damage, BodyPart]],
        shards: PerBodyPart[int],
    ) -> None:
        """`models` of the study, and its number of `shards` by body part."""
        parts = {part for _, part in models.values()}
        self.radiographs = [r for r in radiographs if body_part_of(r.limb) in parts]
        self._shards: dict[BodyPart, list[str]] = {}
        for part in BodyPart:
            own = [r.image_id for r in self.radiographs if body_part_of(r.limb) == part]
            if own:
                self._shards[part] = sorted({shard_of(image_id, shards[part]) for image_id in own})
        self.body_parts = list(self._shards)
        self.models = [name for name, (_, part) in models.items() if part in self._shards]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.radiographs)

    def every_shard(self, pattern: str, body_parts: Sequence[str] = ()) -> list[str]:
        """All shards of a stage, hands first."""
        return [
            pattern.replace("{body_part}", part).replace("{shard}", shard)
            for part in body_parts or self.body_parts
            for shard in self._shards[BodyPart(part)]
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
