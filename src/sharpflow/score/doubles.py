"""One radiograph of a limb for each patient and visit: two would count twice in sums."""

from collections.abc import Sequence

from sharpflow.score.finding import Found
from sharpflow.score.known import BOTH_HANDS
from sharpflow.score.sources import Source


class Doubles:
    """Remembers which radiograph showed what first, from one batch to the next."""

    def __init__(self) -> None:
        """Nothing was shown yet."""
        self._first: dict[tuple[str, str, str], str] = {}

    def sift(self, sources: Sequence[Source], found: Found) -> Found:
        """What of a batch is shown for the first time, in the order of `sources`.

        A radiograph of which nothing is left is refused, once, and not its parts too. Halves of
        both hands whose hands have radiographs of their own are passed over: nothing of the patient
        is lost.

        Args:
            sources: the batch.
            found: what it shows.
        """
        kept = Found(refused=list(found.refused))
        wholes = {whole.image: (whole, image) for whole, image in found.both_hands}
        for source in sources:
            whole = wholes.get(source.image)
            limbs = [pair for pair in found.limbs if pair[0].image == source.image]
            if whole and (first := self._shown_first(whole[0])):
                kept.refused.append(whole[0].refused(_second_of(BOTH_HANDS, first)))
                continue
            firsts = [self._shown_first(limb) for limb, _ in limbs]
            own = [pair for pair, first in zip(limbs, firsts, strict=True) if not first]
            again = [(pair[0], first) for pair, first in zip(limbs, firsts, strict=True) if first]
            kept.both_hands += [whole] if whole else []
            kept.limbs += own
            if again and not (whole or own):
                limb, first = again[0]
                kept.refused.append(limb.refused(_second_of(limb.limb, first)))
        gone = {one.image for one in kept.refused if not one.is_part}
        kept.refused = [one for one in kept.refused if not (one.is_part and one.image in gone)]
        return kept

    def _shown_first(self, source: Source) -> str:
        """The radiograph that showed the same before; empty for the first, or of nobody known."""
        if not source.patient:
            return ""
        whose = (source.patient, source.visit, source.limb)
        first = self._first.setdefault(whose, source.image)
        return "" if first == source.image else first


def _second_of(limb: str, first: str) -> str:
    return (
        f"found a second {limb} of one patient and visit, beside {first}; expected one. Tell their "
        "visits apart in a table (--table)."
    )
