"""Scores radiographs with a bundle, a batch at a time, and writes what comes out."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sharpflow.anatomy import LIMBS
from sharpflow.bundle.manifest import Manifest
from sharpflow.bundle.read import Bundle
from sharpflow.imaging.image_error import ImageError
from sharpflow.imaging.reading import read_image
from sharpflow.score.doubles import Doubles
from sharpflow.score.finding import LimbFinder
from sharpflow.score.joints import JointScorer, Shown
from sharpflow.score.known import BOTH_HANDS
from sharpflow.score.networks import Networks, load_networks
from sharpflow.score.orientation import Laid
from sharpflow.score.outputs import open_tables
from sharpflow.score.results import Results
from sharpflow.score.sources import Source, find_sources, reason
from sharpflow.score.whole_images import WholeImage, WholeImageScorer

Grey = npt.NDArray[np.uint8]
LEAST_SIDE = 32  # pixels; on fewer nobody could score a joint


@dataclass(frozen=True)
class Counts:
    """How many radiographs were scored, and how many were not.

    Attributes:
        scored: radiographs.
        refused: likewise.
        in_part: how many of those scored were not scored joint by joint, though they should be.
        patients: pages of patients, and of radiographs of nobody known.
        reasons: in short -> how many were refused for it.
        warnings: what a user may have meant otherwise.
    """

    scored: int
    refused: int
    in_part: int
    patients: int
    reasons: Mapping[str, int]
    warnings: Sequence[str]


def score(
    images: Sequence[str],
    bundle: Path,
    out: Path,
    *,
    table: Path | None = None,
    keep_ids: bool = False,
    key: Path | None = None,
    batch: int = 8,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Counts:
    """Score radiographs, and write tables, overlays and pages: see docs/reference/scoring.md.

    Args:
        images: see `find_sources`, as `table`, `keep_ids` and `key`.
        bundle: the bundle's file.
        out: the folder for what comes out, without tables of an earlier call.
        table: what the radiographs are.
        keep_ids: whether PatientIDs of headers stay.
        key: of their hashes.
        batch: radiographs in memory at once.
        threads: of the processor; None: all that this process may use.
        progress: called with how many radiographs are done, and how many there are.

    Raises:
        UserError: something given cannot be used. What is wrong with single radiographs is listed
            in refused.csv instead.
    """
    with Bundle(bundle) as opened:  # what is none is refused before a header is read
        max_pixels = round(opened.manifest.max_megapixels * 1e6)
        warnings: list[str] = []
        sources, refused = find_sources(
            images,
            table=table,
            keep_ids=keep_ids,
            key=key,
            out=out,
            max_pixels=max_pixels,
            warn=warnings.append,
        )
        with open_tables(out) as tables:
            networks = load_networks(opened, threads=threads or _usable_cores())
            results = Results(opened.manifest, tables, out)
            results.refuse(refused)
            run = Run(opened.manifest, networks, results)
            for start in range(0, len(sources), batch):
                run.score_batch(sources[start : start + batch])
                if progress:
                    progress(min(start + batch, len(sources)), len(sources))
            results.finish(warnings)
    return Counts(
        results.scored,
        results.refused,
        results.in_part,
        results.patients,
        results.reasons,
        warnings,
    )


class Run:
    """Scores batches."""

    def __init__(self, manifest: Manifest, networks: Networks, results: Results) -> None:
        """Take a bundle's manifest and networks, and what takes the results."""
        self._joints = JointScorer(manifest.joints, networks) if manifest.joints else None
        whole = manifest.whole_image
        self._whole = WholeImageScorer(whole, networks) if whole else None
        self._finder = LimbFinder(self._joints, whole)
        self._max_pixels = round(manifest.max_megapixels * 1e6)
        self._results = results
        self._doubles = Doubles()

    def score_batch(self, sources: Sequence[Source]) -> None:
        """Score radiographs; one patient's follow each other, in this batch or the next."""
        images: list[tuple[Source, Grey]] = []
        for source in sources:
            try:
                images.append((source, self._read(source)))
            except ImageError as error:
                self._results.refuse([source.refused(reason(error))])
        found = self._doubles.sift(sources, self._finder.find(images))
        self._results.refuse(found.refused)
        if found.limbs:
            self._score_limbs(found.limbs)
        if found.both_hands:
            self._score_both_hands(found.both_hands)
        self._results.close(but=sources[-1])

    def _read(self, source: Source) -> Grey:
        """A radiograph that the bundle can score; ImageError for others, read or not."""
        if lacking := self._lacking(source.limb):
            remedy = "Take a bundle that has them."
            raise ImageError(source.path, f"a bundle without {lacking}", "one with them", remedy)
        image = read_image(source.path, self._max_pixels)
        height, width = image.shape
        if min(height, width) < LEAST_SIDE:
            expected = f"at least {LEAST_SIDE} pixels a side"
            remedy = "Export the radiograph in its full size."
            raise ImageError(
                source.path,
                f"a radiograph that is too small: {width} x {height} pixels",
                expected,
                remedy,
            )
        return image

    def _lacking(self, limb: str) -> str:
        """What the bundle would need to score a limb, and does not have."""
        if limb == BOTH_HANDS:
            able = self._whole or (self._joints and self._joints.can_score("LH"))
            return "" if able else "models for radiographs of both hands"
        if not limb or (self._joints and self._joints.can_score(limb)):
            return ""
        return f"models for joints of the {LIMBS[limb].body_part}"

    def _score_limbs(self, found: Sequence[tuple[Source, Laid]]) -> None:
        assert self._joints, "else none were found"
        scored = self._joints.score_detected(
            [(Shown(s.image_id, s.patient, s.visit, s.limb), laid.detected) for s, laid in found]
        )
        self._results.add_limbs(scored, [source for source, _ in found])

    def _score_both_hands(self, read: Sequence[tuple[Source, Grey]]) -> None:
        assert self._whole, "else none were found"
        predicted = self._whole.score(
            [WholeImage(s.image_id, s.patient, s.visit, image) for s, image in read]
        )
        self._results.add_both_hands(predicted, read)


def _usable_cores() -> int:
    """The processor's cores that this process may use; a cluster's job has few of its node's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
