"""Reads a bundle that may be damaged, of another version, or made to do harm.

A bundle is a zip whose members are stored as they are, so nothing in it can grow. Everything that
is read is what the manifest says it is, by size and SHA-256; nothing is written, and nothing
unpickled.
"""

import hashlib
import json
import re
import stat
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from sharpflow.bundle.manifest import FORMAT, VERSION, Manifest, Member
from sharpflow.bundle.manifest_check import expected_networks, network_file, problem
from sharpflow.bundle.onnx_check import check_network
from sharpflow.bundle.typed_json import WrongValueError, from_plain, shown
from sharpflow.errors import Problem, UserError, in_short

MANIFEST = "manifest.json"
MEMBER = re.compile(r"manifest\.json|networks/[a-z0-9-]+\.onnx|(cards|tables)/[a-z0-9_-]+\.json")
MOST_BYTES = 2**32 - 1  # of the file: beyond, zips are of another kind
MOST_JSON = 2**23
MOST_MEMBERS = 500
MOST_DIRECTORY = 2**20  # bytes of the zip's list of members

_END = struct.Struct("<4s4H2LH")  # of a zip: its last 22 bytes
_ZIP64 = b"PK\x06\x07"  # how the 20 bytes before them begin, if others replace what they say
_ZIP64_BYTES = 20
_STORED_AS_IS = 0
AGAIN = (
    "Get the bundle again from whoever made it, or make it again: `snakemake bundle` in its study."
)


class Bundle:
    """An open bundle; what it holds is checked as it is read.

    Attributes:
        path: of the file.
        manifest: what it says of itself.
    """

    def __init__(self, path: str | Path, remedy: str = AGAIN) -> None:
        """Open a bundle, and check its manifest and its list of members.

        Args:
            path: of the file.
            remedy: what to do where it cannot be used.

        Raises:
            UserError: it cannot be used; the message says why and what to do.
        """
        self.path = Path(path)
        self._remedy = remedy
        self._file: BinaryIO = _opened(self.path)
        try:
            self._zip = self._open_zip()
            self._members = self._list_members()
            self.manifest = self._read_manifest()
            self._compare_members()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "Bundle":
        """Give the bundle, for `with`."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.close()

    @property
    def networks(self) -> list[str]:
        """The names of its networks, as "unet-hand"."""
        return sorted(expected_networks(self.manifest))

    def network(self, name: str) -> bytes:
        """A network's ONNX file, of which it is checked what it does (see `onnx_check`)."""
        sides = expected_networks(self.manifest)[name]
        model = self._read(network_file(name))
        try:
            check_network(model, sides.given, sides.gives)
        except ValueError as error:
            expected = "a network of this project"
            raise self._wrong(network_file(name), str(error), expected) from None
        return model

    @property
    def tables(self) -> list[str]:
        """The names of the tables that there are."""
        return self._names("tables")

    def table(self, name: str) -> Any:
        """A table, as JSON has it."""
        return self._json(f"tables/{name}.json")

    @property
    def model_cards(self) -> list[str]:
        """The names of the model cards that there are."""
        return self._names("cards")

    def model_card(self, name: str) -> Any:
        """A model card, as JSON has it."""
        return self._json(f"cards/{name}.json")

    def _names(self, folder: str) -> list[str]:
        return sorted(Path(name).stem for name in self._members if name.startswith(f"{folder}/"))

    def _open_zip(self) -> zipfile.ZipFile:
        size = self._size = self._file.seek(0, 2)
        if size > MOST_BYTES:
            raise self._wrong("", f"{size} bytes", f"at most {MOST_BYTES}")
        if size < _END.size:
            raise self._wrong("", f"{size} bytes", "a bundle: a zip with networks")
        self._file.seek(max(size - _END.size - _ZIP64_BYTES, 0))
        last = self._file.read()
        end = _END.unpack(last[-_END.size :])
        signature, _, _, here, total, directory, offset, comment = end
        if signature != b"PK\x05\x06" or comment:
            raise self._wrong("", "a file that does not end as a zip", "a whole bundle")
        elsewhere = 2**16 - 1 in (here, total) or 2**32 - 1 in (directory, offset)
        if elsewhere or last[: -_END.size].startswith(_ZIP64):
            raise self._wrong("", "a zip with the 64-bit extension (Zip64)", "one without it")
        if max(here, total) > MOST_MEMBERS or directory > MOST_DIRECTORY:
            raise self._wrong("", f"a list of {total} members", f"at most {MOST_MEMBERS}")
        try:
            return zipfile.ZipFile(self._file)
        except Exception as error:  # whatever zipfile raises for damaged files
            raise self._wrong("", f"a damaged zip ({in_short(error)})", "a whole bundle") from None

    def _list_members(self) -> dict[str, zipfile.ZipInfo]:
        members: dict[str, zipfile.ZipInfo] = {}
        if len(self._zip.infolist()) > MOST_MEMBERS:  # the zip's end may name fewer
            found = f"a list of {len(self._zip.infolist())} members"
            raise self._wrong("", found, f"at most {MOST_MEMBERS}")
        for info in self._zip.infolist():
            name = info.filename
            told = ascii(name[:60]).strip("'")
            if not MEMBER.fullmatch(name) or name in members:
                expected = "manifest.json, networks, model cards and tables, each once"
                raise self._wrong("", f"a member {told}", expected)
            if info.compress_type != _STORED_AS_IS or info.file_size != info.compress_size:
                raise self._wrong(told, "a compressed member", "one that is stored as it is")
            if info.flag_bits & 1:
                raise self._wrong(told, "an encrypted member", "one that is not")
            if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
                raise self._wrong(told, "a link or a special file", "a file")
            if name.endswith(".json") and info.file_size > MOST_JSON:
                raise self._wrong(told, f"{info.file_size} bytes", f"at most {MOST_JSON}")
            members[name] = info
        if MANIFEST not in members:
            raise self._wrong("", "no manifest.json", "a bundle")
        if sum(info.file_size for info in members.values()) > self._size:
            raise self._wrong("", "members larger than the file", "a bundle")
        return members

    def _read_manifest(self) -> Manifest:
        plain = self._json(MANIFEST)
        kind = plain.get("format") if isinstance(plain, dict) else None
        if kind != FORMAT:
            raise self._wrong(MANIFEST, "another kind of file", f"format: {FORMAT!r}")
        if (version := plain.get("version")) != VERSION:
            raise UserError(
                f"{self.path}: found a bundle of the format {shown(version)[:20]!a}; expected "
                f"{VERSION}, which this version of Sharpflow reads. Install the version of "
                "Sharpflow that made it, or make it again by `snakemake bundle`."
            )
        try:
            manifest = from_plain(Manifest, plain)
        except WrongValueError as error:
            where = f"{MANIFEST}, {error.where}"
            raise self._wrong(where, error.found, error.expected) from None
        if wrong := problem(manifest):
            where, found, expected = wrong
            raise self._wrong(f"{MANIFEST}, {where}", found, expected)
        return manifest

    def _compare_members(self) -> None:
        there, named = set(self._members) - {MANIFEST}, set(self.manifest.members)
        if missing := sorted(named - there):
            raise self._wrong("", f"no {missing[0][:60]!a}", "all that its manifest names")
        if further := sorted(there - named):
            raise self._wrong(further[0], "a file", "only those that its manifest names")
        for name, member in self.manifest.members.items():
            if self._members[name].file_size != member.bytes:
                size = self._members[name].file_size
                raise self._wrong(name, f"{size} bytes", f"{member.bytes}, as in its manifest")

    def _json(self, name: str) -> Any:
        try:
            return json.loads(self._read(name), parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise self._wrong(name, f"no JSON ({in_short(error)})", "JSON") from None

    def _read(self, name: str) -> bytes:
        """A member's bytes, which are what the manifest says, but of the manifest itself."""
        try:
            content = self._zip.read(self._members[name])
        except Exception as error:  # whatever zipfile raises for damaged files
            raise self._wrong(name, f"damage ({in_short(error)})", "a whole file") from None
        if name != MANIFEST:
            expected: Member = self.manifest.members[name]
            if hashlib.sha256(content).hexdigest() != expected.sha256:
                raise self._wrong(name, "other bytes", "those whose SHA-256 its manifest names")
        return content

    def _wrong(self, where: str, found: str, expected: str) -> UserError:
        return UserError(str(Problem(str(self.path), where, found, expected, self._remedy)))


def _opened(path: Path) -> BinaryIO:
    """A file to read. UserError where it is none."""
    expected, remedy = "a bundle, a file NAME.sharpflow", "Give the path of a bundle."
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UserError(str(Problem(str(path), "", "no file", expected, remedy)))
        return path.open("rb")
    except (OSError, ValueError) as error:
        found = f"a file that cannot be read ({in_short(error)})"
        raise UserError(str(Problem(str(path), "", found, expected, remedy))) from None


def _no_number(constant: str) -> Mapping[str, Any]:
    raise ValueError(f"{constant}, which is no number")
