"""Which files a call names: files themselves, folders with those within, and patterns."""

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sharpflow.cohorts.radiographs import OTHER_IMAGES, SUFFIXES, has_dicom_magic, split_name
from sharpflow.errors import UserError
from sharpflow.imaging.dicom import is_dicom
from sharpflow.imaging.png import is_overlay


def image_files(images: Sequence[str], out: Path | None = None) -> list[Path]:
    """The files that `images` name, each once; `sources.find_sources` says what it raises."""
    return list(_each_once(_files(images, out)))


def _files(images: Sequence[str], out: Path | None) -> Iterator[Path]:
    for given in images:
        if os.path.lexists(given) or "\0" in given:
            named = [given]
        else:
            named = sorted(glob.glob(given, recursive=True))  # noqa: PTH207 - a whole path
        if not named or "\0" in given:
            raise UserError(
                f"{given!a}: found nothing of this name; expected radiographs: files, folders, or "
                "a pattern in quotes, as 'scans/*.png'. Correct the path."
            )
        if out and real_path(Path(given)) == real_path(out):
            raise UserError(
                f"{given!a}: found the folder of results itself; expected radiographs in another. "
                "Name another folder of results (--out)."
            )
        found = [path for name in named for path in _within(Path(name), out)]
        if not found:
            raise UserError(
                f"{given!a}: found no radiograph; expected {', '.join(SUFFIXES)}, or DICOM "
                "whatever it is called. Correct the path."
            )
        yield from found


def _within(path: Path, out: Path | None) -> Iterator[Path]:
    """A file itself; of a folder the images in it, but for hidden ones, overlays and `out`."""
    if not os.path.isdir(path):  # noqa: PTH112 - no error for a link into a locked folder
        yield path
        return
    seen = {real_path(out)} if out else set()
    for root, folders, names in os.walk(path, onerror=_refuse_folder, followlinks=True):
        here = Path(root)
        if real_path(here) in seen:  # links may lead back
            folders.clear()
            continue
        seen.add(real_path(here))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (here / name for name in sorted(names) if _is_image(here / name))


def _refuse_folder(error: OSError) -> None:
    raise UserError(
        f"{error.filename}: found a folder that cannot be read ({error.strerror}); expected one of "
        "radiographs. Correct its permissions, or name the other folders."
    )


def _is_image(path: Path) -> bool:
    if path.name.startswith(".") or path.name.upper() == "DICOMDIR":
        return False
    suffix = split_name(path.name)[1]
    if suffix in (*SUFFIXES, *OTHER_IMAGES):
        return not is_overlay(path)
    # It may have led to a DICOM file.
    leads_nowhere = path.is_symlink() and not os.path.exists(path)  # noqa: PTH110 - no error
    return has_dicom_magic(path) or (not suffix and (leads_nowhere or is_dicom(path)))


def _each_once(paths: Iterable[Path]) -> Iterator[Path]:
    seen = set[str]()
    for path in paths:
        real = real_path(path)
        if real not in seen:
            seen.add(real)
            yield path


def real_path(path: Path) -> str:
    """Where a file really lies, links followed."""
    return os.path.realpath(path)


def shown(path: Path) -> str:
    """A path for tables: bytes that are no text, and ends of lines, as escapes."""
    text = str(path).encode(errors="backslashreplace").decode()
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def shown_name(path: Path) -> str:
    """A file's name alone, likewise."""
    return shown(Path(path.name))
