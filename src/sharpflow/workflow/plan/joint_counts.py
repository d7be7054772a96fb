"""How many radiographs and shards the cohorts of the joint pipeline have."""

from collections import Counter
from collections.abc import Collection, Sequence

from sharpflow.anatomy import BodyPart
from sharpflow.cohorts.radiographs import Radiograph
from sharpflow.workflow.plan.paths import Wildcards, shards_for
from sharpflow.workflow.plan.unscored import UNSCORED, UnscoredRadiographs, body_part_of
from sharpflow.workflow.settings import Study


class JointCounts:
    """Counts of radiographs and of shards, by cohort and body part."""

    def __init__(
        self,
        study: Study,
        radiographs: Sequence[Radiograph],
        unscored: UnscoredRadiographs,
        *,
        synthetic: Collection[str],
        body_parts: Sequence[BodyPart],
    ) -> None:
        """See `JointPlan` for what they are.

        Args:
            study: its phantom and its shards are used.
            radiographs: the user's, without those that nobody has scored.
            unscored: these.
            synthetic: names of the cohorts that the phantom makes.
            body_parts: of the study.
        """
        self._study = study
        self._own = Counter(body_part_of(radiograph.limb) for radiograph in radiographs)
        self._unscored = unscored
        self._synthetic = synthetic
        self._body_parts = body_parts

    def radiographs(self, cohort: str, body_part: str) -> int:
        """Radiographs of a cohort, without those that nobody has scored."""
        if cohort in self._synthetic:
            return 2 * self._study.phantom.patients * self._study.phantom.visits
        return self._own[BodyPart(body_part)]

    def cohort(self, cohort: str) -> int:
        """The same of all body parts."""
        return sum(self.radiographs(cohort, part) for part in self._body_parts)

    def shards(self, cohort: str, body_part: str) -> int:
        """Shards of a cohort; of the unscored radiographs the empty ones too."""
        if cohort == UNSCORED:
            return self._unscored.count_shards(body_part)
        asked = self._study.standardize.shards[body_part]
        return shards_for(asked, self.radiographs(cohort, body_part))

    def job_radiographs(self, wildcards: Wildcards) -> int:
        """Radiographs of a job's cohort and body part, those without scores too."""
        cohort, body_part = _cohort_of(wildcards), wildcards.body_part
        if cohort in self._synthetic:
            return self.radiographs(cohort, body_part)
        return self.radiographs("joints", body_part) + self._unscored.count(body_part)

    def job_shards(self, wildcards: Wildcards) -> int:
        """Shards of a job's cohort and body part."""
        return self.shards(_cohort_of(wildcards), wildcards.body_part)


def _cohort_of(wildcards: Wildcards) -> str:
    """The wildcard `cohort`; past the standardized radiographs there is only the scored one."""
    return getattr(wildcards, "cohort", "joints")
