"""Bundles that are damaged, of another version or hostile are refused, and nothing is written."""

import hashlib
import itertools
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
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from sharpflow.bundle.export.graph import Graph
from sharpflow.bundle.manifest import Manifest, problem
from sharpflow.bundle.onnx_check import check_network
from sharpflow.bundle.pack import check_bundle, write_bundle
from sharpflow.bundle.read import Bundle
from sharpflow.bundle.session import Network
from sharpflow.bundle.typed_json import from_plain
from sharpflow.errors import UserError
from sharpflow.score.networks import load_networks
from tests.unit.bundles import NETWORK, SIZE, mean_network, plain_manifest, write_small_bundle

MEMBER = f"networks/{NETWORK}.onnx"
Members = dict[str, bytes]
Zip = zipfile.ZipFile


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return write_small_bundle(tmp_path / "whole.sharpflow")


def members_of(path: Path) -> Members:
    with Zip(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def sealed(members: Members, **changes: Any) -> Members:
    """Members with a manifest that names them rightly, as who wants to do harm would have it."""
    others = {name: content for name, content in members.items() if name != "manifest.json"}
    told = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in others.items()
    }
    manifest = json.loads(members["manifest.json"]) | changes | {"members": told}
    return {"manifest.json": json.dumps(manifest).encode(), **others}


def write_zip(path: Path, members: Members, **options: Any) -> Path:
    with Zip(path, "w", **options) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def refused(path: Path, words: str) -> None:
    """The whole bundle, as it is read to score, ends in one readable error."""
    with pytest.raises(UserError, match=words) as error, Bundle(path) as bundle:
        load_networks(bundle, threads=1)
    assert str(error.value).startswith(str(path))
    assert "expected" in str(error.value)
    assert len(str(error.value)) < 600


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
        ({"weight": [[1.0, 2.0]]}, "weights of another shape"),
        ({"bias": []}, "weights of another shape"),
        ({"task": "severity"}, NETWORK),
    ):
        wrong = problem(from_plain(Manifest, stack(**changes)))
        assert wrong and wrong[1] == found


# Networks that should not be run.


def model_of(
    nodes: list[onnx.NodeProto],
    weights: dict[str, Any] | None = None,
    *,
    given: tuple[int, ...] = (1, SIZE, SIZE),
    gives: tuple[int, ...] = (1,),
    **options: Any,
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", *given])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", *gives])],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in (weights or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], **options)


def node(operation: str, *inputs: str, output: str = "output", **options: Any) -> onnx.NodeProto:
    return helper.make_node(operation, list(inputs), [output], **options)


def external() -> onnx.ModelProto:
    model = model_of([node("Identity", "input")], {"w": np.ones(4, np.float32)})
    (tensor,) = model.graph.initializer
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return model


def function() -> onnx.ModelProto:
    body = helper.make_function(
        "own", "F", ["x"], ["y"], [helper.make_node("Relu", ["x"], ["y"])], []
    )
    return model_of([node("Identity", "input")], functions=[body])


def loop() -> onnx.ModelProto:
    body = helper.make_graph([], "b", [], [])
    return model_of([node("Loop", "input", body=body)])


def grown() -> onnx.ModelProto:
    """Doubles its channels 40 times."""
    names = ["input", *(f"v{number}" for number in range(40))]
    nodes = [node("Concat", a, a, output=b, axis=1) for a, b in itertools.pairwise(names)]
    return model_of([*nodes, node("Identity", names[-1])])


def huge() -> onnx.ModelProto:
    """One value of more than 2**26 numbers."""
    return model_of([node("Concat", *["input"] * 17, axis=1)], given=(1, 2048, 2048))


def padded() -> onnx.ModelProto:
    weights = {"w": np.ones((1, 1, 1, 1), np.float32)}
    return model_of([node("Conv", "input", "w", pads=[30000] * 4)], weights)


def enlarged() -> onnx.ModelProto:
    scales = {"s": np.array([1, 1, 1e5, 1e5], np.float32)}
    return model_of([node("Resize", "input", "", "s", mode="nearest")], scales)


def laborious() -> onnx.ModelProto:
    """Few weights, and hours of work: one wide convolution, again and again."""
    side = 2048
    nodes = [node("Concat", *["input"] * 16, output="v0", axis=1)]
    nodes += [node("Conv", f"v{n}", "w", output=f"v{n + 1}", pads=[20] * 4) for n in range(9)]
    weights = {"w": np.ones((16, 16, 41, 41), np.float32)}
    return model_of([*nodes, node("Identity", "v9")], weights, given=(1, side, side))


def padded_by_name(operation: str) -> Callable[[], onnx.ModelProto]:
    """By its pads it gives 1x1; by auto_pad it keeps height and width."""

    def make() -> onnx.ModelProto:
        options = {"kernel_shape": [SIZE, SIZE], "auto_pad": "SAME_UPPER"}
        inputs = ["input", "w"][: 1 + (operation == "Conv")]
        nodes = [node(operation, *inputs, output="a", **options), node("Flatten", "a", axis=1)]
        return model_of(nodes, {"w": np.ones((1, 1, SIZE, SIZE), np.float32)})

    return make


def pooled() -> onnx.ModelProto:
    """A kernel of 1024x1024 at each position of 2048x2048."""
    pool = node("MaxPool", "input", output="a", kernel_shape=[1024] * 2, pads=[512, 512, 511, 511])
    return model_of([pool, *AS_ONE], given=(1, 2048, 2048))


def kept() -> onnx.ModelProto:
    """Values of 2**26 numbers each, all of which the last operation needs."""
    nodes = [node("Concat", *["input"] * 16, output="v0", axis=1)]
    nodes += [node("Relu", "v0", output=f"v{number}") for number in range(1, 40)]
    for number in range(1, 40):
        nodes.append(node("GlobalAveragePool", f"v{number}", output=f"m{number}"))
    nodes.append(node("Concat", *[f"m{number}" for number in range(1, 40)], output="a", axis=1))
    return model_of([*nodes, *AS_ONE], given=(1, 2048, 2048))


def multiplied() -> onnx.ModelProto:
    """Of 64 numbers, 2**20; of each image of a batch."""
    nodes = [node("Add", "input", "w", output="a"), *AS_ONE]
    return model_of(nodes, {"w": np.ones((1, 2**14, 1, 1), np.float32)})


def reread() -> onnx.ModelProto:
    """Reads 2**22 numbers again and again, to write one."""
    nodes = [node("GlobalAveragePool", "input", output=f"a{number}") for number in range(2000)]
    return model_of([*nodes, *AS_ONE], given=(1, 2048, 2048))


AS_ONE = [node("GlobalAveragePool", "a", output="b"), node("Flatten", "b", axis=1)]


def split_into_none() -> onnx.ModelProto:
    return model_of([helper.make_node("Split", ["input"], [], axis=1)])


def with_attribute(name: str, value: Any) -> Callable[[], onnx.ModelProto]:
    return lambda: model_of([node("Flatten", "input", **{name: value})])


def shape_without_end() -> onnx.ModelProto:
    return model_of([node("Reshape", "input", "s")], {"s": np.ones(10**6, np.int64)})


def inputs_without_end() -> onnx.ModelProto:
    return model_of([node("Concat", *["input"] * 10**4, axis=1)])


def two_versions() -> onnx.ModelProto:
    """Readers may take the first or the last."""
    model = model_of([node("Relu", "input")])
    model.opset_import.add(domain="", version=17)
    return model


def twice() -> onnx.ModelProto:
    """Readers may take the first or the last."""
    flatten = node("Flatten", "input", axis=1)
    flatten.attribute.append(helper.make_attribute("axis", 0))
    return model_of([flatten])


HOSTILE: dict[str, tuple[Callable[[], onnx.ModelProto], str]] = {
    "weights in another file": (external, "a field 1[34] that it should not have"),
    "a function": (function, "a field 25 that it should not have"),
    "a loop": (loop, "the operation 'Loop', which is not allowed"),
    "an operation of another library": (
        lambda: model_of([node("Relu", "input", domain="com.evil")]),
        "the operation 'Relu', which is not allowed",
    ),
    "operations of another library": (
        lambda: helper.make_model(
            model_of([]).graph, opset_imports=[helper.make_opsetid("com.evil", 1)]
        ),
        "operations of 'com.evil'",
    ),
    "channels without end": (grown, "more memory than any network"),
    "a huge value": (huge, "a value of the shape .* larger than allowed"),
    "a huge padding": (padded, "a Conv with a padding|beyond all sizes"),
    "a huge enlargement": (enlarged, "a Resize by"),
    "work without end": (laborious, "more work than any network"),
    "padding by name, of a pooling": (
        padded_by_name("MaxPool"),
        "a MaxPool with the attribute auto_pad='SAME_UPPER', not allowed",
    ),
    "padding by name, of a convolution": (
        padded_by_name("Conv"),
        "a Conv with the attribute auto_pad='SAME_UPPER', not allowed",
    ),
    "poolings of huge kernels": (pooled, "more work than any network"),
    "values that are all kept": (kept, "more memory than any network"),
    "values that grow with the batch": (multiplied, "more memory than any network"),
    "a value read without end": (reread, "more memory than any network"),
    "a Split into none": (split_into_none, "a Split of .* into 0"),
    "an unknown attribute": (with_attribute("depth", 1), "the attribute 'depth', not allowed"),
    "an attribute of another type": (with_attribute("axis", 1.0), "attribute axis of another type"),
    "a shape without end": (shape_without_end, r"a Reshape whose input 1 has the shape"),
    "inputs without end": (inputs_without_end, "an operation of .* bytes, more than 4096"),
    "operations of two versions": (two_versions, "2 fields 8 instead of one"),
    "another output": (
        lambda: model_of([node("Flatten", "input", axis=1)], gives=(64,)),
        r"an output of the shape \(64,\) instead of \(1,\)",
    ),
    "another name of the input": (
        lambda: helper.make_model(
            helper.make_graph(
                [node("Relu", "x")],
                "g",
                [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1])],
                [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", 1])],
            ),
            opset_imports=[helper.make_opsetid("", 17)],
        ),
        "an input that is not called 'input'",
    ),
    "a value that nothing gives": (lambda: model_of([node("Relu", "x")]), "which nothing gives"),
    "a value given twice": (
        lambda: model_of([node("Relu", "input"), node("Relu", "input")]),
        "two values of the name 'output'",
    ),
    "an attribute twice": (twice, "a Flatten with an attribute twice"),
}


LARGE = (huge, laborious, pooled, kept, reread)  # of 2048x2048 pixels


@pytest.mark.parametrize("kind", HOSTILE)
def test_networks_that_should_not_be_run(kind: str, whole: Path, tmp_path: Path) -> None:
    make, words = HOSTILE[kind]
    model = make().SerializeToString()
    side = 2048 if make in LARGE else SIZE
    with pytest.raises(ValueError, match=words):
        check_network(model, (1, side, side), (1,))
    if side == SIZE:
        members = sealed(members_of(whole) | {MEMBER: model})
        refused(write_zip(tmp_path / "b", members), words)


def test_weights_of_another_length_than_their_shape() -> None:
    model = model_of([node("Identity", "input")], {"w": np.ones(4, np.float32)})
    model.graph.initializer[0].dims[0] = 2**40
    with pytest.raises(ValueError, match=r"weights of the shape \(1099511627776,\) in 16 bytes"):
        check_network(model.SerializeToString(), (1, SIZE, SIZE), (1,))


def test_a_network_for_other_inputs_than_the_manifest_says(whole: Path, tmp_path: Path) -> None:
    graph = Graph()
    channels = graph.convolve("input", np.ones((1, 3, 1, 1)), None)
    model = graph.model([3, SIZE, SIZE], graph.mean(channels), [1])
    members = sealed(members_of(whole) | {MEMBER: model})
    refused(write_zip(tmp_path / "b", members), "a convolution of 1 channels by weights for 3")


def test_what_onnxruntime_does_not_take_is_refused_too(whole: Path, tmp_path: Path) -> None:
    model = onnx.load_from_string(mean_network())
    (flattening,) = [n for n in model.graph.node if n.op_type == "Flatten"]
    flattening.input.append("input")
    members = sealed(members_of(whole) | {MEMBER: model.SerializeToString()})
    refused(write_zip(tmp_path / "b", members), "found one that onnxruntime does not take")


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


def all_operations() -> onnx.ModelProto:
    """Each operation that a bundle may have: (n, 2, 8, 8) -> (n, 3)."""
    graph, random_numbers = Graph(), np.random.default_rng(3)
    x = graph.add("Transpose", "input", perm=[0, 1, 3, 2])
    x = graph.convolve(x, random_numbers.random((4, 2, 3, 3)), np.ones(4), pads=[1, 1, 1, 1])
    x = graph.clip(graph.normalize(x, np.ones((4, 4)), 1e-3), 0, 6)
    x = graph.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    x = graph.enlarge(graph.add("Relu", x), [2, 2], bilinear=True)
    x = graph.add("Pad", x, graph.weights([0, 0, 1, 1, 0, 0, 1, 1], np.int64))
    before, after = graph.add_several("Split", 2, x, axis=1)
    x = graph.concatenate([graph.add("Sub", before, after), graph.add("Add", before, after)])
    x = graph.add("Mul", x, graph.add("Sigmoid", x))
    shares = graph.add("Softmax", graph.reshape(x, [0, 4, -1]), axis=1)
    sums = graph.add("ReduceSum", shares, graph.weights([2], np.int64), keepdims=0)
    last = graph.add("Add", graph.mean(x), sums)
    last = graph.multiply(last, random_numbers.random((4, 3)), np.zeros(3))
    return onnx.load_from_string(graph.model([2, SIZE, SIZE], last, [3]))


NUMBERS = [-(2**63), -1, 0, 1, 2, 3, 7, 2**16, 2**40, 2**63 - 1]


def mutated(model: onnx.ModelProto, chance: random.Random) -> bytes:
    """A network with its bytes, or one or two operations, attributes and weights, changed."""
    if chance.random() < 0.3:
        return damaged(model.SerializeToString(), chance)
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    changes = [change_attributes, change_attributes, change_node, change_weights]
    for _ in range(chance.randint(1, 2)):
        chance.choice(changes)(changed.graph, chance)
    return changed.SerializeToString()


def change_attributes(graph: onnx.GraphProto, chance: random.Random) -> None:
    node, number = chance.choice(graph.node), chance.choice(NUMBERS)
    if not node.attribute or chance.random() < 0.3:
        names = ["axis", "perm", "pads", "strides", "auto_pad", "ceil_mode", "group", "x"]
        node.attribute.append(helper.make_attribute(chance.choice(names), number))
    elif chance.random() < 0.3:
        del node.attribute[chance.randrange(len(node.attribute))]
    else:
        attribute = chance.choice(node.attribute)
        numbers = [number] * chance.randint(1, 4)
        value = chance.choice([number, numbers, 0.5, "SAME_UPPER", b"\xff"])
        attribute.CopyFrom(helper.make_attribute(attribute.name, value))


def change_node(graph: onnx.GraphProto, chance: random.Random) -> None:
    node, kind = chance.choice(graph.node), chance.randrange(4)
    if kind == 0:
        del node.input[chance.randrange(len(node.input) + 1) :]
    elif kind == 1:
        node.input.append(chance.choice(["", "input", "weights_0"]))
    elif kind == 2:
        del node.output[:]
        node.output.extend(f"new{chance.random()}" for _ in range(chance.randrange(3)))
    else:
        node.op_type = chance.choice(graph.node).op_type


def change_weights(graph: onnx.GraphProto, chance: random.Random) -> None:
    tensor, number, kind = chance.choice(graph.initializer), chance.choice(NUMBERS), chance.random()
    if kind < 0.4:
        tensor.raw_data = chance.randbytes(len(tensor.raw_data))
    elif kind < 0.7 and len(tensor.dims):
        tensor.dims[chance.randrange(len(tensor.dims))] = number
    else:
        values = np.full(chance.randrange(6), number, np.int64)
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def test_changed_networks_are_refused_or_give_what_they_should() -> None:
    """Whatever is wrong with one is a ValueError of the check, or what onnxruntime refuses."""
    chance, model = random.Random(7), all_operations()
    images = np.ones((2, 2, SIZE, SIZE), np.float32)
    check_network(model.SerializeToString(), (2, SIZE, SIZE), (3,))
    ended = {"run": 0, "refused": 0, "not taken": 0}
    for _ in range(300):
        content = mutated(model, chance)
        try:
            check_network(content, (2, SIZE, SIZE), (3,))
        except ValueError:
            ended["refused"] += 1
            continue
        try:
            assert Network(content, 1)(images).shape == (2, 3)
            ended["run"] += 1
        except (ValueError, UserError):
            ended["not taken"] += 1
    assert min(ended.values()) >= 10, ended


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, cut out or doubled."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed))
        kind = chance.randrange(3)
        if kind == 0:
            changed[at] = chance.randrange(256)
        elif kind == 1:
            del changed[at : at + chance.randint(1, 40)]
        else:
            changed[at:at] = changed[at : at + chance.randint(1, 40)]
    return bytes(changed)


def test_bundles_repeat_to_the_byte_and_are_read_before_they_are_kept(tmp_path: Path) -> None:
    first = write_small_bundle(tmp_path / "a.sharpflow").read_bytes()
    assert write_small_bundle(tmp_path / "b.sharpflow").read_bytes() == first
    manifest = from_plain(Manifest, plain_manifest())
    wrong = model_of([node("Flatten", "input", axis=1)], gives=(64,)).SerializeToString()
    with pytest.raises(UserError, match=r"c\.sharpflow is not written.* an output of the shape"):
        write_bundle(tmp_path / "c.sharpflow", manifest, {MEMBER: wrong})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.sharpflow", "b.sharpflow"]


def mixed() -> onnx.ModelProto:
    """Of one image it gives what it should; of several, one sum."""
    nodes = [
        node("Flatten", "input", output="a", axis=1),
        node("Reshape", "a", "shape", output="b"),
        node("Add", "b", "w", output="c"),
        node("ReduceSum", "c", "axis", output="d", keepdims=0),
        node("ReduceSum", "d", "axis", keepdims=0),
    ]
    weights = {"shape": np.array([0, -1, 1]), "axis": np.array([1])}
    return model_of(nodes, weights | {"w": np.ones((1, 1, 1, 1), np.float32)})


def test_a_network_that_mixes_images_up_is_refused_and_noticed_where_it_runs() -> None:
    model = mixed().SerializeToString()
    with pytest.raises(ValueError, match="the operation Add, which moves images"):
        check_network(model, (1, SIZE, SIZE), (1,))
    network = Network(model, 1, "base")
    assert network(np.ones((1, 1, SIZE, SIZE), np.float32)).shape == (1, 1)
    with pytest.raises(UserError, match="network base of the bundle cannot be run: found 1 out"):
        network(np.ones((3, 1, SIZE, SIZE), np.float32))
    with pytest.raises(UserError, match="network base of the bundle cannot be run: found"):
        network(np.ones((3, 1, SIZE, SIZE + 1), np.float32))


def test_messages_stay_short_whatever_the_file_says() -> None:
    model = helper.make_model(
        model_of([]).graph, opset_imports=[helper.make_opsetid("x" * 10**6, 17)]
    )
    with pytest.raises(ValueError, match="operations of") as error:
        check_network(model.SerializeToString(), (1, SIZE, SIZE), (1,))
    assert len(str(error.value)) <= 200
    many = model_of([node("Identity", "input")] * 5000)
    with pytest.raises(ValueError, match="5000 operations, more than 4000"):
        check_network(many.SerializeToString(), (1, SIZE, SIZE), (1,))
    with pytest.raises(ValueError, match="more than 100000 fields"):
        check_network(b"\x08\x08" * 10**6, (1, SIZE, SIZE), (1,))
