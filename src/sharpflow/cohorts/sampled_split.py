"""Whether a split that will be sampled can be used, told with all else that is wrong."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sharpflow.cohorts.findings import Finding
from sharpflow.cohorts.lasting_splits import EarlierSplit
from sharpflow.cohorts.split_sizes import lacking_parts
from sharpflow.cohorts.splits import split_patients
from sharpflow.errors import UserError


@dataclass(frozen=True)
class SampledSplit:
    """How a cohort's patients will be split.

    Attributes:
        settings: test, validation and random_state of `split_patients`.
        earlier: the split of an earlier run, which patients keep.
    """

    settings: Mapping[str, Any]
    earlier: EarlierSplit = field(default_factory=EarlierSplit)

    def problems(self, file: str, body_parts: Mapping[str, Collection[str]]) -> list[Finding]:
        """Why the split cannot be used: too few patients, or parts without a body part.

        Args:
            file: what holds or lists the radiographs.
            body_parts: of each patient's radiographs.
        """
        if not body_parts:
            return []  # why there is none was told
        settings = dict(self.settings)
        try:
            split = split_patients(body_parts, **settings, kept=self.earlier.kept_by(settings))
        except UserError as error:
            found, expected = f"no possible split ({error})", "patients in each part of the split"
            return [Finding(file, "", found, expected, "Add patients, or change the split.")]
        parts = dict(zip(split["patient"], split["split"], strict=True))
        return [
            Finding(
                file,
                "",
                str(lacking),
                "each body part in each part of the sampled split",
                "Add such patients, change split: random_state or its shares, name each patient's "
                "part in a table (split: table), or leave that body part out.",
            )
            for lacking in lacking_parts(body_parts, parts)
        ]
