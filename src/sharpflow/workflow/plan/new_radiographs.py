"""The radiographs that `snakemake score` scores by the study's bundle."""

import os
import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from sharpflow.digests import digest_of
from sharpflow.errors import UserError
from sharpflow.score.radiograph_table import listed_files
from sharpflow.score.source_files import image_files
from sharpflow.workflow.by_content import ToldFiles
from sharpflow.workflow.content import contents_of
from sharpflow.workflow.plan.paths import PHANTOM, Wildcards, cohort_name
from sharpflow.workflow.settings import Study

NO_RADIOGRAPHS = (
    "the target score: found no radiographs to score; expected a folder of radiographs, or a CSV "
    "that lists them. Name it after the target: snakemake score --config score=FOLDER."
)
SYNTHETIC = "<results>/phantom/new_patients"
# What may run for the target `score`; all else makes the study. Heads that are trained on folds for
# the bundle's calibration are none of the study's.
SCORING = {
    *("score", "score_new_radiographs", "make_new_patients"),
    *("pack_bundle", "predict_out_of_fold"),
}
_NO_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


class NewRadiographs:
    """A cohort without scores, which no part of the study is made from.

    Attributes:
        given: the folder or CSV, or "phantom"; None where the study names none.
    """

    def __init__(self, study: Study) -> None:
        """`study`: the checked settings."""
        self.given = study.score
        self._study = study.study

    @property
    def is_synthetic(self) -> bool:
        """Whether they are two phantom patients of whom no network learned."""
        return self.given == PHANTOM

    @property
    def name(self) -> str:
        """What its results are called.

        Two folders of one name have two: the end is a digest of where the radiographs lie.

        Raises:
            UserError: there are no radiographs.
        """
        if self.given is None:
            raise UserError(NO_RADIOGRAPHS)
        if self.is_synthetic:
            return PHANTOM
        own = Path(self.given).stem if self.table else cohort_name(self.given, self._study)
        name = _NO_NAME.sub("_", own).strip("._-")[:60] or "radiographs"
        return f"{name}-{digest_of(os.path.abspath(self.given))[:6]}"  # noqa: PTH100 - no links

    @property
    def folder(self) -> str:
        """The folder of what comes out; UserError as of `name`."""
        return f"<results>/score/{self.name}"

    @property
    def table(self) -> str | None:
        """The CSV that lists them, if one does."""
        return self.given if self.given and Path(self.given).is_file() else None

    @cached_property
    def files(self) -> list[Path]:
        """Those of the user's own.

        Raises:
            UserError: there are none, or the CSV is wrong.
        """
        if not self.given or self.is_synthetic:
            return []
        return listed_files(Path(self.given)) if self.table else image_files([self.given])

    @property
    def count(self) -> int:
        """How many there are; of the phantom's, those of limbs and of both hands."""
        return 10 if self.is_synthetic else len(self.files)

    def inputs(self, wildcards: Wildcards) -> list[str]:
        """Results that they are part of, as an input function."""
        return [SYNTHETIC] if self.is_synthetic else []

    def images(self, wildcards: Wildcards) -> ToldFiles:
        """What to score, as a param: `images` and `table`. Where they lie does not count."""
        images = [str(path) for path in self.files] if self.table else [self.given]
        return ToldFiles({"images": images, "table": self.table})

    def content(self, wildcards: Wildcards) -> str:
        """What decides the scores, as a param: what the files are called, and what is in them."""
        if not self.given or self.is_synthetic:
            return ""
        start = Path(self.given).parent
        names = [os.path.relpath(path, start) for path in self.files]
        # Names that are no text are told by their bytes.
        listed = [name.encode(errors="surrogateescape").hex() for name in names]
        return digest_of(listed, contents_of(self.files), contents_of(self.table))


def refuse_training(rules: Iterable[str], bundle: str) -> None:
    """Stop a run of the target `score` alone for which more than the scoring would have to run.

    Args:
        rules: those of all jobs that would run.
        bundle: the study's, made or not.

    Raises:
        UserError: says which rules, and what to do.
    """
    others = sorted(set(rules) - SCORING)
    if not others:
        return
    shown = ", ".join(others[:5]) + (" and others" if len(others) > 5 else "")
    remedy = "Finish the study first: the same command with `bundle` in place of `score`."
    if Path(bundle).is_file():
        remedy += f" Or score with the bundle that it has: sharpflow score IMAGES --bundle {bundle}"
    raise UserError(
        "the target score trains nothing of the study: found a study that is not finished, or "
        f"whose settings, data or code have changed since, so that {shown} would run; expected a "
        f"finished one. "
        f"{remedy}"
    )
