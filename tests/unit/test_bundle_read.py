"""Bundles that are damaged, of another version or hostile are refused, and nothing is written."""

import json
import os
import random
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sharpflow.bundle.manifest import Manifest
from sharpflow.bundle.manifest_check import problem
from sharpflow.bundle.pack import check_bundle
from sharpflow.bundle.read import Bundle
from sharpflow.bundle.typed_json import from_plain
from sharpflow.errors import UserError
from sharpflow.score.networks import load_networks
from tests.unit.bundles import (
    MEMBER,
    NETWORK,
    SIZE,
    Members,
    Zip,
    members_of,
    plain_manifest,
    refused,
    sealed,
    whole,
    write_zip,
)
from tests.unit.damaged_bytes import damaged

__all__ = ["whole"]  # a fixture


def test_a_whole_bundle_is_read(whole: Path) -> None:
    check_bundle(whole)
    with Bundle(whole) as bundle:
        assert bundle.manifest.study == "tiny"
        assert (bundle.networks, bundle.model_cards, bundle.tables) == ([NETWORK], [NETWORK], [])
        networks = load_networks(bundle, threads=1)
    assert networks[NETWORK](np.full((3, 1, SIZE, SIZE), 2, np.float32)).tolist() == [[4.0]] * 3
    assert networks[NETWORK](np.zeros((0, 1, SIZE, SIZE), np.float32)).shape == (0, 1)


def test_what_is_no_bundle(tmp_path: Path) -> None:
    for name, content, words in (
        ("empty", b"", "0 bytes"),
        ("text", b"patient,score\n" * 99, "does not end as a zip"),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(99), "does not end as a zip"),
    ):
        (tmp_path / name).write_bytes(content)
        refused(tmp_path / name, words)
    refused(write_zip(tmp_path / "other.zip", {"a.txt": b"a"}), "a member a.txt")
    refused(tmp_path / "missing", "cannot be read")
    refused(tmp_path, "found no file")
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "found no file")


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_half_a_bundle(whole: Path, share: float) -> None:
    content = whole.read_bytes()
    whole.write_bytes(content[: int(share * len(content))])
    refused(whole, "does not end as a zip")


def test_a_changed_byte(whole: Path) -> None:
    content = bytearray(whole.read_bytes())
    content[content.index(b"Gemm") + 1] ^= 1
    whole.write_bytes(content)
    refused(whole, rf"{MEMBER}: found damage")  # as the zip itself sees


def test_other_bytes_than_the_manifest_names(whole: Path, tmp_path: Path) -> None:
    members = members_of(whole)
    other = members[MEMBER].replace(b"Gemm", b"Gemn")
    refused(write_zip(tmp_path / "b", members | {MEMBER: other}), f"{MEMBER}: found other bytes")
    refused(write_zip(tmp_path / "c", members | {MEMBER: other + b"x"}), "bytes; expected [0-9]+,")


@pytest.mark.parametrize(
    "name",
    [
        *("../outside.json", "/tmp/outside.json", "networks/../../outside.onnx"),
        *("networks\\x.onnx", "C:\\x.json", "networks/", "networks/x.pkl", "cards/x.npy"),
        *("networks/a b.onnx", "cards/x.json\n", "Manifest.json", "networks/x.onnx/y.onnx"),
    ],
)
def test_a_member_of_a_name_that_it_should_not_have(whole: Path, tmp_path: Path, name: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    path = write_zip(tmp_path / "b", sealed(members_of(whole) | {name: b"{}"}))
    refused(path, "found a member ")
    assert sorted(tmp_path.rglob("*")) == [path, *before]


def edit_zip(path: Path, members: Members, change: Callable[[zipfile.ZipInfo], None]) -> Path:
    """Members of which the first network's entry is changed."""
    with Zip(path, "w") as file:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            if name == MEMBER:
                change(info)
            file.writestr(info, content)
    return path


def test_links_and_special_files(whole: Path, tmp_path: Path) -> None:
    for kind in (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFDIR):

        def change(info: zipfile.ZipInfo, kind: int = kind) -> None:
            info.external_attr = (kind | 0o777) << 16

        path = edit_zip(tmp_path / f"b{kind}", members_of(whole), change)
        refused(path, f"{MEMBER}: found a link or a special file")


def test_what_could_grow(whole: Path, tmp_path: Path) -> None:
    """Zip bombs of each kind: nothing compressed is unpacked."""
    members = members_of(whole) | {MEMBER: bytes(10**7)}
    packed = write_zip(tmp_path / "b", sealed(members), compression=zipfile.ZIP_DEFLATED)
    assert packed.stat().st_size < 10**5
    refused(packed, "found a compressed member; expected one that is stored")
    content = whole.read_bytes()
    at = content.rindex(b"PK\x01\x02")  # the last entry of the list of members
    size = struct.unpack_from("<L", content, at + 24)[0]
    for place, words in ((24, "compressed member"), (20, "compressed member")):
        changed = bytearray(content)
        struct.pack_into("<L", changed, at + place, size + 10**9)
        (tmp_path / "c").write_bytes(changed)
        refused(tmp_path / "c", words)
    changed = bytearray(content)
    for place in (20, 24):
        struct.pack_into("<L", changed, at + place, size + 10**9)
    (tmp_path / "d").write_bytes(changed)
    refused(tmp_path / "d", "members larger than the file|a damaged zip")


def test_absurd_sizes(whole: Path, tmp_path: Path) -> None:
    many = {f"cards/x{number}.json": b"{}" for number in range(600)}
    refused(write_zip(tmp_path / "b", sealed(members_of(whole) | many)), "a list of 603 members")
    large = {"cards/large.json": b" " * (2**23 + 1)}
    path = write_zip(tmp_path / "c", sealed(members_of(whole) | large))
    refused(path, "cards/large.json: found 8388609 bytes; expected at most 8388608")
    sparse = tmp_path / "d"
    with sparse.open("wb") as file:
        file.truncate(2**33)  # takes no room on the disk
    refused(sparse, "8589934592 bytes")


def zip64(content: bytes, **end: int) -> bytes:
    """A zip whose end says little, since the end of a Zip64 before it says what holds."""
    fields = struct.unpack("<4s4H2LH", content[-22:])
    told = dict(zip(("here", "total", "directory", "offset"), fields[3:7], strict=True))
    size, offset = told["directory"], told["offset"]
    place = offset + size
    longer = struct.pack(
        "<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, told["total"], told["total"], size, offset
    )
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, place, 1)
    told |= {"here": 1, "total": 1, "directory": 46, "offset": 0} | end
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, *told.values(), 0)
    return content[:place] + longer + locator + last


def test_a_list_of_members_that_the_end_of_the_zip_hides(whole: Path, tmp_path: Path) -> None:
    many = {f"cards/x{number}.json": b"{}" for number in range(600)}
    content = write_zip(tmp_path / "b", sealed(members_of(whole) | many)).read_bytes()
    for name, changed in (("c", zip64(content)), ("d", zip64(whole.read_bytes()))):
        (tmp_path / name).write_bytes(changed)
        with Zip(tmp_path / name) as file:
            assert len(file.namelist()) == (603 if name == "c" else 3)  # as zipfile reads it
        refused(tmp_path / name, r"64-bit extension \(Zip64\)")
    for field, value in (("total", 2**16 - 1), ("offset", 2**32 - 1)):
        changed = bytearray(whole.read_bytes())
        at = len(changed) - 22 + (10 if field == "total" else 16)
        struct.pack_into("<H" if field == "total" else "<L", changed, at, value)
        (tmp_path / "e").write_bytes(changed)
        refused(tmp_path / "e", r"64-bit extension \(Zip64\)")
    fewer = bytearray(content)
    struct.pack_into("<2H", fewer, len(fewer) - 14, 3, 3)
    (tmp_path / "f").write_bytes(fewer)
    refused(tmp_path / "f", "a list of 603 members; expected at most 500")


def test_an_encrypted_member_and_one_given_twice(whole: Path, tmp_path: Path) -> None:
    content = bytearray(whole.read_bytes())
    at = content.rindex(b"PK\x01\x02")
    content[at + 8] |= 1
    (tmp_path / "b").write_bytes(content)
    refused(tmp_path / "b", "found an encrypted member")
    with pytest.warns(UserWarning, match="Duplicate"), Zip(whole, "a") as file:
        file.writestr(MEMBER, b"other")
    refused(whole, f"found a member {MEMBER}; expected .* each once")


def test_members_that_are_missing_or_too_many(whole: Path, tmp_path: Path) -> None:
    members = members_of(whole)
    less = {name: content for name, content in members.items() if name != MEMBER}
    refused(write_zip(tmp_path / "b", less), f"found no '{MEMBER}'; expected all that its manifest")
    refused(write_zip(tmp_path / "c", sealed(less)), f"members: found no {MEMBER}")
    more = members | {"cards/further.json": b"{}"}
    refused(write_zip(tmp_path / "d", more), "cards/further.json: found a file; expected only")
    del members["manifest.json"]
    refused(write_zip(tmp_path / "e", members), "found no manifest.json")


def manifested(whole: Path, text: bytes) -> Path:
    members = members_of(whole) | {"manifest.json": text}
    return write_zip(whole.with_name("manifested"), members)


def test_manifests_that_are_none(whole: Path) -> None:
    for text, words in (
        (b"{", "manifest.json: found no JSON"),
        (b"\xff\xfe\x00", "found no JSON"),
        (b"[" * 10**5, "found no JSON"),
        (b"[]", "another kind of file; expected format: 'sharpflow bundle'"),
        (b'{"format": "x"}', "another kind of file"),
        (b'{"format": "sharpflow bundle", "version": NaN}', "found no JSON .NaN"),
        (b'{"format": "sharpflow bundle", "version": 1e999}', "of the format 'inf'"),
    ):
        refused(manifested(whole, text), words)


@pytest.mark.parametrize("key", ["format", "version", "study", "joints", "code", "other"])
def test_values_nested_deeper_than_they_can_be_shown(
    whole: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some versions of Python read deeper JSON than their repr can show."""
    deep: list[Any] = []
    for _ in range(10**4):
        deep = [deep]
    plain = plain_manifest(**{key: deep})
    monkeypatch.setattr("sharpflow.bundle.read.json.loads", lambda *_, **__: plain)
    refused(whole, r"found .*\[\.\.\.\]|found another kind of file")


@pytest.mark.parametrize("version", [2, 0, "1", None, [1], 10**30])
def test_another_version_is_told_how_to_go_on(whole: Path, version: Any) -> None:
    text = json.dumps(plain_manifest(version=version)).encode()
    path = manifested(whole, text)
    refused(path, r"expected 1, which this version of Sharpflow reads\. Install the version of")


def changed(*path: str, value: Any) -> dict[str, Any]:
    """The manifest with one value changed, or taken out (...)."""
    plain = plain_manifest()
    inner = plain
    for key in path[:-1]:
        inner = inner[key]
    if value is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return plain


HEAD = {"slope": 1.0, "bias": 0.0, "spread": 1.0, "usual": [0.5, 0.25, 0.125, 0.1, 0.05]}
NO_INTERVALS = {"patients": 3, **dict.fromkeys(["error_sd", "erosion", "narrowing", "total"])}
WRONG = {
    "a size beyond bounds": (("whole_image", "size"), 10**9, "found 1000000000; expected 1 to"),
    "a huge number": (("whole_image", "size"), 10**40, "whole_image.size: found 1000"),
    "a text for a number": (("whole_image", "size"), "8", "found '8'; expected a whole number"),
    "a fraction": (("whole_image", "size"), 8.5, "expected a whole number"),
    "yes for a number": (("whole_image", "size"), True, "expected a whole number"),
    "a negative SD": (("whole_image", "statistics", "pixel_sd"), -1, "statistics.pixel_sd: found"),
    "a list for a section": (("whole_image", "networks"), [], "expected keys and values"),
    "another word": (("whole_image", "contrast"), "x" * 999, "expected 'none' or 'clahe'"),
    "a missing key": (("whole_image", "total"), ..., "whole_image.total: found None"),
    "an unknown key": (("whole_image", "run"), "rm -rf /", "whole_image.run: .*no such key"),
    "no pipeline": (("whole_image",), None, "found neither; expected at least one"),
    "lines in a text": (("study",), "a\n\x1b[31mb", r"study: found 'a\\n.* a text in one line"),
    "halves of letters": (("study",), "\ud800", r"study: found '\\ud800'; expected a text"),
    "a text from right to left": (("not_for",), "a\u202eb", "not_for: found .* a text in one line"),
    "a key with lines": (
        ("a\n\x1b[31m\ud800",),
        1,
        r"manifest.json, a\\n\\x1b\[31m\\ud800: found 1",
    ),
    "a network's strange name": (("whole_image", "networks"), {"../x": {}}, "small letters"),
    "a total of nothing": (
        ("whole_image", "total"),
        "other",
        "expected an experiment with the task total",
    ),
    "a calibration of no head": (
        ("calibration",),
        {"heads": {"erosion-hand": HEAD}, "sums": {}, "whole_image": None},
        "calibration.heads: found erosion-hand; expected heads among none",
    ),
    "intervals of three hands": (
        ("calibration",),
        {"heads": {}, "sums": {"3h0f": {}}, "whole_image": None},
        "found '3h0f'; expected hands and feet, as 2h2f",
    ),
    "intervals of no limb": (
        ("calibration",),
        {"heads": {}, "sums": {"0h0f": NO_INTERVALS}, "whole_image": None},
        "calibration.sums: found '0h0f'; expected at least one hand or foot",
    ),
    "intervals without calibrated heads": (
        ("calibration",),
        {"heads": {}, "sums": {"1h0f": NO_INTERVALS}, "whole_image": None},
        "calibration.sums.1h0f: found no calibrated head narrowing-hand; expected all heads",
    ),
    "a negative interval": (
        ("calibration",),
        {
            "heads": {},
            "sums": {},
            "whole_image": {"patients": 30, "error_sd": 0.0, "root_error": -0.1},
        },
        "calibration.whole_image.root_error: found -0.1",
    ),
    "a calibration with a part missing": (
        ("calibration",),
        {"heads": {}, "sums": {}},
        "calibration.whole_image: found None; expected a value",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_values_of_the_manifest_are_named(whole: Path, kind: str) -> None:
    place, value, words = WRONG[kind]
    refused(manifested(whole, json.dumps(changed(*place, value=value)).encode()), words)


def stack(**changes: Any) -> dict[str, Any]:
    plain = plain_manifest()
    one = {"task": "total", "principle": "total", "members": [NETWORK], "weight": [[1.0]]}
    plain["whole_image"]["stacks"] = {"stack": one | {"bias": [0.0]} | changes}
    plain["members"] = {MEMBER: {"bytes": 1, "sha256": "0" * 64}}
    return plain


def test_stacks_that_do_not_fit_their_members() -> None:
    assert problem(from_plain(Manifest, stack())) is None
    for changes, found in (
        ({"members": ["other"]}, "other"),
        ({"members": [], "weight": [[]]}, "none"),
        ({"weight": [[1.0, 2.0]]}, "weights of another shape"),
        ({"bias": []}, "weights of another shape"),
        ({"task": "severity"}, NETWORK),
    ):
        wrong = problem(from_plain(Manifest, stack(**changes)))
        assert wrong and wrong[1] == found


def test_random_damage_ends_in_an_error_or_in_numbers(whole: Path, tmp_path: Path) -> None:
    """Of the file, and of a network under a manifest that fits it."""
    chance = random.Random(4)
    members, content = members_of(whole), whole.read_bytes()
    ended = {"read": 0, "refused": 0}
    for number in range(300):
        path = tmp_path / "damaged"
        if number % 2:
            path.write_bytes(damaged(content, chance))
        else:
            model = damaged(members[MEMBER], chance)
            write_zip(path, sealed(members | {MEMBER: model}))
        try:
            with Bundle(path) as bundle:
                networks = load_networks(bundle, threads=1)
            networks[NETWORK](np.ones((2, 1, SIZE, SIZE), np.float32))
            ended["read"] += 1
        except UserError:
            ended["refused"] += 1
    assert ended["refused"] > 200
    assert sorted(tmp_path.iterdir()) == [path, whole]
