"""What a user may have meant otherwise by names, visits and dates; it changes no score."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from sharpflow.cohorts.near_ids import near_ids
from sharpflow.errors import first_of
from sharpflow.reporting.names import counted, in_order
from sharpflow.score.known import Known, Place
from sharpflow.score.source_files import shown_name

_NUMBER = re.compile(r"\d+")
_LIMB_WORDS = {
    *("lh", "rh", "lf", "rf", "bh", "left", "right"),
    *("hand", "hands", "foot", "feet"),
}


def meant_otherwise(known: Sequence[Known], places: Sequence[Place]) -> list[str]:
    """A line for each thing that may be meant otherwise.

    Args:
        known: all radiographs of a call.
        places: where each belongs.
    """
    visits: dict[str, set[str]] = defaultdict(set)
    for place in places:
        if place.patient and place.visit:
            visits[place.patient].add(place.visit)
    return [
        *_near(visits),
        *_unclear_orders(visits),
        *_orders_against_dates(known, places),
        *_visits_against_dates(known, places),
        *_burnt_in(known),
    ]


def unread_limbs(unknown: Iterable[Path]) -> list[str]:
    """A line where names of files of unknown limbs have words for limbs.

    `unknown`: the files whose limb neither table nor header nor name says.
    """
    told = [shown_name(path) for path in unknown if _words(path.stem) & _LIMB_WORDS]
    if not told:
        return []
    return [
        f"of {counted(len(told), 'radiograph')} the limb is guessed from the image alone, though "
        "their names seem to say it: expected <patient>-<limb> or <patient>@<visit>-<limb>, with "
        f"LH, RH, LF, RF or BH, or a table: {first_of(told)}."
    ]


def _words(stem: str) -> set[str]:
    return set(re.findall(r"[a-z]+", stem.casefold()))


def _near(visits: dict[str, set[str]]) -> list[str]:
    """Patients, and visits of one, whose names may mean the same, as 1 and 01."""
    patients = [
        f"the patients {first_of(group)} may be one person, and are scored as {len(group)}."
        for group in near_ids({"": visits})
    ]
    return patients + [
        f"the visits {first_of(group)} of patient {patient} may be one, and are scored as "
        f"{len(group)}."
        for patient, own in sorted(visits.items())
        for group in near_ids({"": own})
    ]


def _unclear_orders(visits: dict[str, set[str]]) -> list[str]:
    """Visits that differ by more than numbers: baseline comes after 12m."""
    return [
        f"the visits of patient {patient} are taken for this order in time: "
        f"{first_of(sorted(own, key=in_order), 5)}. Name them by numbers or dates, if it is not."
        for patient, own in sorted(visits.items())
        if len({_NUMBER.sub("0", visit) for visit in own}) > 1
    ]


def _orders_against_dates(known: Sequence[Known], places: Sequence[Place]) -> list[str]:
    dates: dict[str, dict[str, str]] = defaultdict(dict)  # patient -> visit -> its first date
    for one, place in zip(known, places, strict=True):
        if place.patient and place.visit and one.header and one.header.date:
            own = dates[place.patient]
            own[place.visit] = min(own.get(place.visit, one.header.date), one.header.date)
    return [
        f"the visits of patient {patient} follow each other otherwise than the dates of their "
        f"headers: {first_of(sorted(own, key=in_order), 5)}."
        for patient, own in sorted(dates.items())
        if sorted(own, key=in_order) != sorted(own, key=lambda visit: (own[visit], in_order(visit)))
    ]


def _visits_against_dates(known: Sequence[Known], places: Sequence[Place]) -> list[str]:
    told = [
        f"{shown_name(one.path)} (visit {place.visit})"
        for one, place in zip(known, places, strict=True)
        if place.visit_from == "header" and one.name.visit not in ("", place.visit)
    ]
    if not told:
        return []
    return [
        "visits are numbered by the dates of headers, otherwise than names of files call them: "
        f"{first_of(told)}. A table can say which visit it is."
    ]


def _burnt_in(known: Sequence[Known]) -> list[str]:
    told = [shown_name(one.path) for one in known if one.header and one.header.burnt_in]
    if not told:
        return []
    return [
        f"the headers of {counted(len(told), 'radiograph')} say that text is burnt in, such as a "
        f"patient's name; overlays and pages show it: {first_of(told)}."
    ]
