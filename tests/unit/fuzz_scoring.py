"""Puts damaged files to the scoring, in a process of its own: see test_fuzz_scoring.

    python -m tests.unit.fuzz_scoring KIND FOLDER TIMES

Ends at the first fault, with what gave it in FOLDER.
"""

import copy
import io
import json
import math
import random
import resource
import shutil
import signal
import struct
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sharpflow.errors import UserError
from sharpflow.files import read_table
from sharpflow.memory import peak_memory
from sharpflow.score.run import score
from tests.unit import dicom_files, foreign_files
from tests.unit.bundles import members_of, sealed
from tests.unit.damaged_bytes import damaged
from tests.unit.joint_bundles import write_joint_bundle
from tests.unit.made_up_networks import HEIGHT, WIDTH

HANGS = 60  # seconds of the processor for one call
SPACE = 6 << 30  # bytes of addresses
TOGETHER = 8  # files that one call scores
HEAD = 1500  # bytes in which most of a header lies
LIMBS = ("LH", "RH", "LF", "RF", "BH")
VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 2, 31, 0.5, 8192, 2**31, 2**63, 10**400, 1e308, -1e308, 1e-300),
    *("", "..", "../../x", "/tmp/x", "\0", "phantom", "hand", "a" * 1000, "\u202eü\n"),
    *([], {}, [[]], [0.5] * 7, {"hand": {}}),
)
PATHS = ("../x", "/tmp/x", "networks/../../x.onnx", "networks/x.onnx", "tables/x.json", "x/", "\\x")
IDS = (
    "P1",
    "P2",
    "P3",
    "../../x",
    "/tmp/x",
    "a\0b",
    "<script>",
    "x" * 300,
    "\u202e",
    "..",
    "con",
    "A^B\\C",
)


class Hangs(BaseException):
    """Not an Exception, which readers turn into refusals."""


def picture() -> np.ndarray:
    grey = np.full((HEIGHT, WIDTH), 90, np.uint8)
    grey[::2, ::3] += 40
    return grey


def pictures() -> dict[str, bytes]:
    grey = picture()
    deep = grey.astype(np.uint16) * 200
    found = {
        ".jpg": foreign_files.encoded(grey, ".jpg"),
        ".png": foreign_files.encoded(deep, ".png"),
        ".bmp": foreign_files.encoded(grey, ".bmp"),
        ".tif": foreign_files.encoded(deep, ".tiff"),
    }
    for suffix, how in ((".tiff", {"compression": "tiff_lzw"}), (".jpeg", {"progressive": True})):
        file = io.BytesIO()
        Image.fromarray(grey).save(file, Image.registered_extensions()[suffix], **how)
        found[suffix] = file.getvalue()
    return found


def dicoms(folder: Path) -> dict[str, bytes]:
    """Our own, whose ids lead out of folders, and pydicom's test files."""
    from pydicom.data.data_manager import DATA_ROOT

    grey = picture()
    found: dict[str, bytes] = {}
    for place, patient in enumerate(IDS):
        own = {"PatientID": patient, "StudyDate": f"202001{place + 1:02d}"}
        one = dicom_files.image(grey.astype(np.uint16) * 16, 12, **own)
        found[f"own-{place}"] = dicom_files.save(folder / "x.dcm", one).read_bytes()
    for place, syntax in enumerate((dicom_files.RLE, dicom_files.LOSSLESS_FIRST)):
        path = dicom_files.save_compressed(folder / "x.dcm", grey, syntax)
        found[f"packed-{place}"] = path.read_bytes()
    for path in sorted(Path(DATA_ROOT, "test_files").glob("*.dcm")):
        if path.stat().st_size < 40_000:
            found[path.stem] = path.read_bytes()
    (folder / "x.dcm").unlink()
    return found


def damaged_in_head(data: bytes, chance: random.Random) -> bytes:
    cut = HEAD if chance.random() < 0.5 else len(data)
    return damaged(data[:cut], chance) + data[cut:]


def radiographs(seeds: dict[str, bytes], scans: Path, chance: random.Random) -> int:
    """Write damaged radiographs; gives how many."""
    for number in range(TOGETHER):
        names = sorted(seeds)
        # Half of the DICOMs are ours: of pydicom's none is a radiograph of a limb.
        own = [name for name in names if name.startswith(("own", "packed"))] or names
        name = chance.choice(chance.choice((own, names)))
        suffix = name if name.startswith(".") else ".dcm"
        data = damaged_in_head(seeds[name], chance)
        (scans / f"P{number}-{chance.choice(LIMBS)}{suffix}").write_bytes(data)
    return TOGETHER


def hostile_bundle(whole: Path, chance: random.Random) -> bytes:
    """A bundle with one to three faults, most with a manifest that fits the rest."""
    way = chance.choice(("bytes", "manifest", "manifest", "network", "weights", "weights", "names"))
    if way == "bytes":
        return damaged(whole.read_bytes(), chance)
    members = members_of(whole)
    if way == "manifest":
        plain = sealed(members)["manifest.json"]
        changed = json.loads(plain)
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            spoil(changed, chance)
        members["manifest.json"] = json.dumps(changed).encode()
    else:
        name = chance.choice(sorted(set(members) - {"manifest.json"}))
        if way == "network":
            members[name] = damaged(members[name], chance)
        elif way == "weights":
            members[name] = with_odd_numbers(members[name], chance)
        else:
            members[chance.choice(PATHS)] = members.pop(name)
        members = sealed(members)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return file.getvalue()


def with_odd_numbers(network: bytes, chance: random.Random) -> bytes:
    """A network with odd weights: no numbers, or absurd ones. Most leave its structure alone."""
    odd = struct.pack("<f", chance.choice((math.nan, math.inf, -math.inf, 3e38, -3e38, 1e-40, 0)))
    for _ in range(chance.randint(1, 30)):
        start = chance.randrange(min(300, len(network) // 2), len(network))
        network = network[:start] + (odd * 10)[: len(network) - start] + network[start + 40 :]
    return network


def spoil(plain: Any, chance: random.Random) -> None:
    """Change or remove one value somewhere in JSON."""
    plain = plain[chance.choice(["joints", "whole_image"])] if chance.random() < 0.7 else plain
    places = [(box, key) for box, key in _places(plain) if key != "members"]
    box, key = chance.choice(places)
    way = chance.choice((0, 1, 1, 2, 3))
    if way == 0:
        del box[key]
    elif way == 1 and isinstance(box[key], int | float) and not isinstance(box[key], bool):
        box[key] = box[key] * chance.choice((0, 0.5, 2, -1, 1000))
    elif way == 2:
        box[key] = copy.deepcopy(chance.choice(places)[0])
    else:
        box[key] = copy.deepcopy(chance.choice(VALUES))


def _places(plain: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(plain, dict | list):
        for key in plain if isinstance(plain, dict) else range(len(plain)):
            yield plain, key
            yield from _places(plain[key])


def tree(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if "out" not in path.relative_to(folder).parts}


def main(kind: str, folder: Path, times: int) -> None:
    chance = random.Random(kind)
    whole = write_joint_bundle(folder / "whole.sharpflow")
    bundle, scans, out = folder / "used.sharpflow", folder / "scans", folder / "out"
    shutil.copy(whole, bundle)
    scans.mkdir()
    seeds = {"images": pictures, "dicoms": lambda: dicoms(folder), "bundles": pictures}[kind]()
    make = _bundles(seeds, whole, bundle, scans, chance) if kind == "bundles" else None
    told: Counter[str] = Counter()
    signal.signal(signal.SIGPROF, _too_long)
    resource.setrlimit(resource.RLIMIT_AS, (SPACE, SPACE))
    for number in range(0, times, 1 if kind == "bundles" else TOGETHER):
        (folder / "number.txt").write_text(str(number))
        if make:
            count = make()
        else:
            for path in scans.iterdir():
                path.unlink()
            count = radiographs(seeds, scans, chance)
        before = tree(folder)
        signal.setitimer(signal.ITIMER_PROF, HANGS)
        told += call(scans, bundle, out, count, keep_ids=number % 2 == 0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        assert tree(folder) == before, tree(folder) ^ before
        shutil.rmtree(out, ignore_errors=True)
    print(json.dumps(told | {"megabytes": peak_memory() // 1_000_000}))


def _bundles(
    seeds: dict[str, bytes], whole: Path, bundle: Path, scans: Path, chance: random.Random
) -> Callable[[], int]:
    for limb in LIMBS:
        (scans / f"P-{limb}.jpg").write_bytes(seeds[".jpg"])

    def make() -> int:
        bundle.write_bytes(hostile_bundle(whole, chance))
        return len(LIMBS)

    return make


def call(scans: Path, bundle: Path, out: Path, count: int, *, keep_ids: bool) -> Counter[str]:
    """Score a folder; how many radiographs were scored and refused, or that the call was."""
    try:
        counts = score([str(scans)], bundle, out, keep_ids=keep_ids, threads=1)
    except UserError as error:
        assert "expected" in str(error), error
        assert len(str(error)) < 1500, error
        return Counter(refused_calls=1)
    assert counts.scored + counts.refused == count, counts
    reasons = read_table(out / "refused.csv")["reason"].astype(str)
    assert (~reasons.str.startswith("the joints alone: ")).sum() == counts.refused
    assert read_table(out / "scores.csv")["state"].isin({"scored", "not found", "not scored"}).all()
    return Counter(scored=counts.scored, refused=counts.refused)


def _too_long(*_: Any) -> None:
    raise Hangs


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
