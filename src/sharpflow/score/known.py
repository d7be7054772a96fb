"""What is known of radiographs to score: whose they are, and of which visit."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sharpflow.anatomy import LIMBS
from sharpflow.cohorts.dicom_table import visit_numbers
from sharpflow.cohorts.radiographs import ONLY_VISIT
from sharpflow.imaging.dicom_limb import HeaderLimb

BOTH_HANDS = "BH"
CODES = (*LIMBS, BOTH_HANDS)
_UNDATED = (
    "found no date of the study, and no visit, where radiographs of the patient have several "
    "dates; expected one, to know which visit it is of. Name its visit in a table (--table)."
)
_TWO_DATES = (
    "found two dates in one visit, which is named for another radiograph and numbered by date for "
    "this one; expected one date. Name its visit in a table (--table)."
)
_ONE_ID = (
    "found one PatientID for radiographs of which the files' names or the table call some by other "
    "patients; expected one for each patient. Name the patient of each in a table (--table)."
)


@dataclass(frozen=True)
class Said:
    """What one origin says of a radiograph; empty where it says nothing."""

    limb: str = ""
    patient: str = ""
    visit: str = ""


@dataclass(frozen=True)
class Header:
    """What a DICOM header says; `patient` and `date` are empty where it does not say them.

    Attributes:
        limb: what it says of the limb.
        patient: as outputs call the patient.
        date: of the study, as 20200131.
        burnt_in: whether it says that text is burnt into the image.
    """

    limb: HeaderLimb
    patient: str
    date: str
    burnt_in: bool = False


@dataclass(frozen=True)
class Known:
    """What each origin says of a radiograph; no header if it has none, or none that is read."""

    path: Path
    table: Said
    name: Said
    header: Header | None = None

    @property
    def patient(self) -> str:
        """Empty where nothing says it."""
        in_header = self.header.patient if self.header else ""
        return self.table.patient or in_header or self.name.patient

    @property
    def date(self) -> str:
        """Of the study, by which a patient's visits are numbered; empty where nothing says it.

        A name that says the patient and a visit is not overruled by a header that says no patient.
        """
        named = self.name.patient == self.patient != "" and self.name.visit != ""
        by_name = named and not (self.header and self.header.patient)
        return self.header.date if self.header and not by_name else ""


@dataclass(frozen=True)
class Place:
    """Where a radiograph belongs.

    Attributes:
        patient: empty if unknown.
        visit: "1" if nothing says another, empty if it cannot be told.
        visit_from: "table", "header" (which numbers its date) or "name"; empty if nothing says it.
        doubt: why the patient or the visit cannot be told; empty where they can.
    """

    patient: str
    visit: str
    visit_from: str
    doubt: str = ""


class Places:
    """Tells whose radiographs are, and of which visit, by what is known of all together."""

    def __init__(self, known: Sequence[Known]) -> None:
        """Take all radiographs whose files, and headers, can be read."""
        self._numbers = visit_numbers((one.patient, one.date) for one in known)
        self._n_dates = Counter(patient for patient, date in self._numbers if patient and date)
        self._named: dict[str, set[str]] = defaultdict(set)  # patients of names, by the header's
        self._dates: dict[tuple[str, str], set[str]] = defaultdict(set)  # by patient and visit
        for one in known:
            if one.header and one.header.patient and (who := one.table.patient or one.name.patient):
                self._named[one.header.patient].add(who)
                if one.table.patient:  # those of whom it says nothing may be the same, or not
                    self._named[one.header.patient].add(one.header.patient)
            if one.header and one.header.date:  # though a name's visit goes before it
                self._dates[one.patient, self._visit(one)[0]].add(one.header.date)

    def of(self, one: Known) -> Place:
        """Where a radiograph belongs; one that cannot be read belongs where its name says."""
        if len(self._named.get(_told_by_header(one), ())) > 1:
            return replace(self.of(replace(one, header=None)), doubt=_ONE_ID)
        visit, visit_from = self._visit(one)
        doubt = ""
        if not visit_from and self._n_dates[one.patient] > 1:
            doubt = _UNDATED
        elif visit_from == "header" and len(self._dates[one.patient, visit]) > 1:
            doubt = _TWO_DATES
        return Place(one.patient, "" if doubt else visit, visit_from, doubt)

    def _visit(self, one: Known) -> tuple[str, str]:
        """The visit, and what says it."""
        by_date = self._numbers[one.patient, one.date] if one.patient and one.date else ""
        origins = {"table": one.table.visit, "header": by_date, "name": one.name.visit}
        return next(((v, origin) for origin, v in origins.items() if v), (ONLY_VISIT, ""))


def _told_by_header(one: Known) -> str:
    """The header's patient, where no table says another."""
    return one.header.patient if one.header and not one.table.patient else ""
