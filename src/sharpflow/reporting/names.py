"""Names that pages give to patients, limbs and visits, and to their own files."""

import hashlib
import re
from collections.abc import Iterable
from urllib.parse import quote

from sharpflow.anatomy import LIMBS

INDEX_NAME = "index"
# Names that Windows takes for devices.
_RESERVED = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{name}{n}" for name in ("com", "lpt") for n in range(10)),
}
_LONGEST = 120  # letters of a file's name


class FileNames:
    """File names, without suffix, that any system takes and that tell ids apart."""

    def __init__(self) -> None:
        """None is taken but that of the index."""
        self._taken = {INDEX_NAME, *_RESERVED}

    def name(self, patient: str) -> str:
        """A new name: the id where any system takes it.

        Letters that a file system may not take are written as %XX. Where names would be the same
        but for capitals, or would be too long, a digest of the id tells them apart.
        """
        name = quote(patient, safe=" ()+,=@", errors="backslashreplace")
        name = re.sub(r"^[.\- ]|[. ]$", lambda found: f"%{ord(found[0]):02X}", name)
        if len(name) > _LONGEST or name.lower() in self._taken:
            digest = hashlib.sha256(patient.encode(errors="surrogateescape")).hexdigest()[:10]
            name = f"{name[:_LONGEST]}-{digest}"
        self._taken.add(name.lower())
        return name


def file_names(patients: Iterable[str]) -> dict[str, str]:
    """A file name for each patient, see `FileNames`."""
    names = FileNames()
    return {patient: names.name(patient) for patient in patients}


def page_link(name: str, folder: str = ".") -> str:
    """The address of a page in a folder beside another: quoted, since names may hold % signs."""
    return f"{folder}/{quote(name)}.html"


def limb_name(code: str) -> str:
    """ "Left hand" for "LH"."""
    return f"{LIMBS[code].side} {LIMBS[code].body_part}".capitalize()


def counted(number: int, word: str) -> str:
    """ "1 visit", "2 visits"."""
    return f"{number} {word}" + "s" * (number != 1)


def in_order(visit: str) -> list[tuple[int, int, str]]:
    """A key by which names of visits are sorted as people do: visit 10 follows visit 9."""
    return [
        (0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part)
        for part in re.split(r"(\d+)", visit)
        if part
    ]
