"""Which cohorts are checked before what: the user's own first, and all at once."""

from collections.abc import Collection

from sharpflow.workflow.plan.paths import Wildcards, problem_files

OWN = "own"


class Checks:
    """The checks of a study's cohorts, by name.

    "own" has all cohorts that the user brought. Only when they have passed are the synthetic ones
    made that a pipeline needs besides, which a check of the pipeline's name has.
    """

    def __init__(self, cohorts: dict[str, Collection[str]], synthetic: Collection[str]) -> None:
        """`cohorts` of each pipeline, and which of all of them are synthetic."""
        self.cohorts = {
            OWN: [c for names in cohorts.values() for c in names if c not in synthetic],
            **{
                pipeline: [cohort for cohort in names if cohort in synthetic]
                for pipeline, names in cohorts.items()
            },
        }

    def before(self, *pipelines: str) -> list[str]:
        """The cohorts that must be in order before a pipeline begins."""
        return [cohort for check in self._names(pipelines) for cohort in self.cohorts[check]]

    def passed(self, *pipelines: str) -> list[str]:
        """The files that say so."""
        return [
            f"<results>/cohort/checks/{check}/passed.csv"
            for check in self._names(pipelines)
            if self.cohorts[check]
        ]

    def checked_cohorts(self, wildcards: Wildcards) -> list[str]:
        """The cohorts of the check that the wildcard `checks` names."""
        return self.cohorts[wildcards.checks]

    def problem_lists(self, wildcards: Wildcards) -> list[str]:
        """Their lists of problems."""
        return problem_files(self.checked_cohorts(wildcards))

    def warning_sheets(self) -> list[str]:
        """The contact sheets of what is implausible in the user's cohorts; all are drawn first."""
        return [f"<results>/cohort/{cohort}/warnings.png" for cohort in self.cohorts[OWN]]

    def _names(self, pipelines: Collection[str]) -> list[str]:
        known = (name for name in pipelines if name in self.cohorts)
        return list(dict.fromkeys([OWN, *known]))
