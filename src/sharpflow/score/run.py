"""Scores radiographs with a bundle, a batch at a time, and writes what comes out."""

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.anatomy import LIMBS
from sharpflow.bundle.manifest import Manifest
from sharpflow.bundle.read import Bundle
from sharpflow.imaging.image_error import ImageError
from sharpflow.imaging.reading import read_image
from sharpflow.score.finding import JOINTS_ALONE, LimbFinder
from sharpflow.score.joints import JointScorer, Shown
from sharpflow.score.networks import Networks, load_networks
from sharpflow.score.orientation import Laid
from sharpflow.score.outputs import (
    REFUSED,
    SCORES,
    TOTALS,
    Tables,
    open_tables,
    overlay_note,
    write_overlays,
)
from sharpflow.score.sources import (
    BOTH_HANDS,
    Refused,
    Source,
    find_sources,
    reason,
    second_of,
)
from sharpflow.score.tables import (
    USE,
    radiograph_totals,
    score_rows,
    visit_totals,
    whole_image_totals,
)
from sharpflow.score.whole_images import WholeImage, WholeImageScorer

Grey = npt.NDArray[np.uint8]
LEAST_SIDE = 32  # pixels; on fewer nobody could score a joint


@dataclass(frozen=True)
class Counts:
    """How many radiographs were scored, and how many were not."""

    scored: int
    refused: int


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
    """Score radiographs, and write scores.csv, totals.csv, refused.csv and overlays.

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
        sources, refused = find_sources(images, table=table, keep_ids=keep_ids, key=key, out=out)
        with open_tables(out) as tables:
            networks = load_networks(opened, threads=threads or _usable_cores())
            run = Run(opened.manifest, networks, tables, out)
            run.refuse(refused)
            for start in range(0, len(sources), batch):
                run.score_batch(sources[start : start + batch])
                if progress:
                    progress(min(start + batch, len(sources)), len(sources))
            run.finish()
    return Counts(run.scored, run.refused)


class Run:
    """What scores batches, and keeps no more than the rows of the visit that is not yet whole.

    Attributes:
        scored: how many radiographs so far.
        refused: likewise.
    """

    def __init__(
        self, manifest: Manifest, networks: Networks, tables: Tables, folder: Path
    ) -> None:
        """Take a bundle's manifest and networks, tables to append to, and the overlays' folder."""
        self._joints = JointScorer(manifest.joints, networks) if manifest.joints else None
        whole = manifest.whole_image
        self._whole = WholeImageScorer(whole, networks) if whole else None
        self._finder = LimbFinder(self._joints, whole)
        self._note = overlay_note(manifest) if manifest.joints else ""
        self._tables, self._folder = tables, folder
        self._open_visit: list[pd.DataFrame] = []
        self._seen: dict[tuple[str, str, str], str] = {}  # patient, visit, limb -> the radiograph
        self.scored = self.refused = 0

    def refuse(self, refused: Iterable[Refused]) -> None:
        """List radiographs that are not scored."""
        self.refused += self._list_refused(refused)

    def _list_refused(self, refused: Iterable[Refused]) -> int:
        rows = [(one.image, one.reason, USE) for one in refused]
        self._tables.append(REFUSED, pd.DataFrame(rows, columns=["image", "reason", "use"]))
        return len(rows)

    def score_batch(self, sources: Sequence[Source]) -> None:
        """Score radiographs; one visit's follow each other, in this batch or the next."""
        images: list[tuple[Source, Grey]] = []
        for source in sources:
            try:
                images.append((source, self._read(source)))
            except ImageError as error:
                self.refuse([Refused(source.image, reason(error))])
        found = self._finder.find(images)
        self.refuse(found.refused)
        self._list_refused(found.joints_refused)
        whole = {source.image for source, _ in found.both_hands}
        limbs = self._each_once(found.limbs, whole)
        scored = {source.image for source, _ in limbs} | whole
        self.scored += len(scored)
        if limbs:
            self._score_limbs(limbs, last=sources[-1])
        if found.both_hands:
            self._score_both_hands(found.both_hands)

    def _each_once(
        self, limbs: Sequence[tuple[Source, Laid]], whole: Collection[str]
    ) -> list[tuple[Source, Laid]]:
        """Those of limbs that nothing of their visit showed; the others are refused.

        Args:
            limbs: found in a batch.
            whole: radiographs that are scored whole, of which the joints alone are refused.
        """
        once = []
        for source, laid in limbs:
            whose = (source.patient, source.visit, source.limb)
            first = self._seen.get(whose) if source.patient else None
            if first is None:
                self._seen[whose] = source.image
                once.append((source, laid))
            elif source.image in whole:
                why = JOINTS_ALONE + second_of(source.limb, first)
                self._list_refused([Refused(source.image, why)])
            else:
                self.refuse([Refused(source.image, second_of(source.limb, first))])
        return once

    def finish(self) -> None:
        """Write the sums of the last visit."""
        self._write_visits(pd.concat(self._open_visit) if self._open_visit else None)
        self._open_visit = []

    def _read(self, source: Source) -> Grey:
        """A radiograph that the bundle can score; ImageError for others, read or not."""
        if lacking := self._lacking(source.limb):
            remedy = "Take a bundle that has them."
            raise ImageError(source.path, f"a bundle without {lacking}", "one with them", remedy)
        image = read_image(source.path)
        height, width = image.shape
        if min(height, width) < LEAST_SIDE:
            expected = f"at least {LEAST_SIDE} pixels a side"
            remedy = "Export the radiograph in its full size."
            raise ImageError(source.path, f"{width} x {height} pixels", expected, remedy)
        return image

    def _lacking(self, limb: str) -> str:
        """What the bundle would need to score a limb, and does not have."""
        if limb == BOTH_HANDS:
            able = self._whole or (self._joints and self._joints.can_score("LH"))
            return "" if able else "models for radiographs of both hands"
        if not limb or (self._joints and self._joints.can_score(limb)):
            return ""
        return f"models for joints of the {LIMBS[limb].body_part}"

    def _score_limbs(self, found: Sequence[tuple[Source, Laid]], last: Source) -> None:
        assert self._joints, "else none were found"
        scored = self._joints.score_detected(
            [(Shown(s.image_id, s.patient, s.visit, s.limb), laid.detected) for s, laid in found]
        )
        own = {source.image_id: source for source, _ in found}
        self._tables.append(SCORES, score_rows(scored, own))
        self._tables.append(TOTALS, radiograph_totals(scored.joints, own))
        write_overlays(self._folder, scored, list(own), self._note)
        self._sum_visits(scored.joints, last)

    def _sum_visits(self, joints: pd.DataFrame, last: Source) -> None:
        """Write the sums of visits that are whole; of the last one more may come."""
        known = pd.concat([*self._open_visit, joints[joints["patient"] != ""]])
        is_open = (known["patient"] == last.patient) & (known["visit"] == last.visit)
        self._write_visits(known[~is_open])
        self._open_visit = [known[is_open]] if is_open.any() else []

    def _write_visits(self, joints: pd.DataFrame | None) -> None:
        if joints is not None and len(joints):
            self._tables.append(TOTALS, visit_totals(joints))

    def _score_both_hands(self, read: Sequence[tuple[Source, Grey]]) -> None:
        assert self._whole, "else none were found"
        predicted = self._whole.score(
            [WholeImage(s.image_id, s.patient, s.visit, image) for s, image in read]
        )
        own = {source.image_id: source for source, _ in read}
        self._tables.append(TOTALS, whole_image_totals(predicted, self._whole.models, own))


def _usable_cores() -> int:
    """The processor's cores that this process may use; a cluster's job has few of its node's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
