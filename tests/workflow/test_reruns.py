"""What a change makes again: the table of docs/how-to/change_and_rerun.md, by dry runs.

Each case has a folder of its own with the files that a user changes, new dates and no `.snakemake`,
and the finished study's results behind a link.
"""

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

from .projects import ROOT, Project

FINISHED, IMAGES = "finished", "finished_whole_image"
NAMES = {FINISHED: "small", IMAGES: "images"}
OLD = 1_000_000_000  # long before any result was made
TRAINING = {"train_unet", "train_detector", "train_base", "train_head", "train_network"}
# The rules of which a case tells how often each runs; any others may.
TOLD = TRAINING | {
    *("check_radiographs", "read_scores", "read_boxes", "check_cohort", "split_patients"),
    *("standardize", "make_entropy_masks", "choose_masks", "segment", "detect_joints"),
    *("crop_joints", "extract_features", "score_radiographs", "table_joint_scoring"),
    *("pack_images", "check_images", "split_images", "measure_images", "stack_networks"),
    *("table_whole_image", "draw_confusion"),
}
SCORE, HAND, FOOT = "LH_mcp_E__2", "UAB001-LH.jpg", "UAB002-RF.jpg"


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def write(table: pd.DataFrame, path: Path) -> None:
    """As `cp -p`, rsync and unzip leave a corrected file."""
    table.to_csv(path, index=False)
    make_old(path)


def make_old(path: Path) -> None:
    os.utime(path, (OLD, OLD))


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    make_old(path)


def correct_score(folder: Path) -> None:
    path = folder / "cohort" / "scores.csv"
    table = read(path)
    change = 1 if table.loc[0, SCORE] == "0" else -1
    for column in (SCORE, "Overall_erosion", "Overall_Tol"):
        table.loc[0, column] = str(int(table.loc[0, column]) + change)
    write(table, path)


def change_radiograph(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "cohort" / "radiographs" / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        make_old(path)

    return change


def move_box(folder: Path) -> None:
    path = sorted((folder / "cohort" / "boxes").glob("*-LH.xml"))[0]
    old = re.search(r"<xmin>(\d+)", path.read_text())
    assert old
    replace(path, old[0], f"<xmin>{int(old[1]) + 1}")


def overrule_mask(folder: Path) -> None:
    replace(folder / "overrides.csv", "good\n", "good\nUAB001-LH,false\n")


def remove_patient(folder: Path) -> None:
    for path in (folder / "cohort").rglob("UAB003-*"):
        path.unlink()
    scores = folder / "cohort" / "scores.csv"
    table = read(scores)
    write(table[table["Patient_ID"] != "UAB003"], scores)


def call_patient(new: str, *, keep: bool) -> Callable[[Path], None]:
    """Give UAB003's files and row another name; or copy them, with other bytes, to add one."""

    def call(folder: Path) -> None:
        for path in sorted((folder / "cohort").rglob("UAB003-*")):
            content = path.read_bytes()
            if keep and path.suffix == ".jpg":
                content = content[:-2] + b"\x00\xff\xd9"
            elif path.suffix == ".xml":
                content = content.replace(b"UAB003", new.encode())
            path.with_name(path.name.replace("UAB003", new)).write_bytes(content)
            if not keep:
                path.unlink()
        scores = folder / "cohort" / "scores.csv"
        table = read(scores)
        renamed = table.replace({"Patient_ID": {"UAB003": new}})
        added = renamed[renamed["Patient_ID"] == new]
        write(pd.concat([table, added]) if keep else renamed, scores)

    return call


def correct_total(folder: Path) -> None:
    table = read(folder / "wang" / "labels.csv")
    table.loc[0, "total"] = str(100 - int(float(table.loc[0, "total"])) % 50)
    write(table, folder / "wang" / "labels.csv")


def correct_age(folder: Path) -> None:
    path = folder / "rsna" / "boneage-training-dataset.csv"
    table = read(path)
    table.loc[0, "boneage"] = str(int(table.loc[0, "boneage"]) + 12)
    write(table, path)


def change_image(folder: Path) -> None:
    path = sorted((folder / "wang" / "images").glob("*.jpg"))[0]
    content = path.read_bytes()
    path.write_bytes(content[:-2] + b"\x00\xff\xd9")
    make_old(path)


def touch(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.touch()


def rename_folder(old: str, new: str) -> Callable[[Path], None]:
    def rename(folder: Path) -> None:
        (folder / old).rename(folder / new)
        own = folder / "own.yaml"
        own.write_text(own.read_text().replace(f"{old}/", f"{new}/"))

    return rename


def edit(path: str, old: str, new: str) -> Callable[[Path], None]:
    return lambda folder: replace(folder / path, old, new)


def set_key(text: str) -> Callable[[Path], None]:
    def append(folder: Path) -> None:
        own = folder / "own.yaml"
        own.write_text(f"{own.read_text()}{text}\n")

    return append


def change_package(folder: Path) -> None:
    """Lock another version of a package, and install it as far as Python can tell."""
    lock = folder / "uv.lock"
    version, digest = re.findall(
        r'^name = "pandas"\nversion = "(.+)"\n(?:.*\n)*?.*hash = "sha256:(\w+)"',
        lock.read_text(),
        re.MULTILINE,
    )[0]
    replace(lock, f'name = "pandas"\nversion = "{version}"', 'name = "pandas"\nversion = "99.0"')
    replace(lock, digest, "0" * len(digest))
    installed = folder / "src" / "pandas-99.0.dist-info"  # found before the true one
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: pandas\nVersion: 99.0\n")


def run_other_python(folder: Path) -> None:
    """Let this Python give another version than the records.

    test_code_digest.py has true ones compute what they could compute otherwise.
    """
    other = 'import os\nimport platform\n\nplatform.python_version = lambda: "3.99.0"\n'
    replace(folder / "Snakefile", "import os\n", other)


def comment(folder: Path) -> None:
    """Comments, docstrings and layout, in a script and in a module of each training."""
    for path in [
        *(folder / "workflow" / "scripts").rglob("train_*.py"),
        folder / "src/sharpflow/joints/masks/unet_training.py",
        folder / "src/sharpflow/files.py",
    ]:
        text = path.read_text()
        _, quotes, rest = text.partition('"""')
        path.write_text(f'"""Otherwise said: {rest}\n\n\n# The end.\n')
        assert quotes


@dataclass(frozen=True)
class Case:
    """A row of the table: what a user changes, and how often the told rules then run."""

    said: str  # the row's first cell
    change: Callable[[Path], None]
    runs: dict[str, int] = field(default_factory=dict)
    study: str = FINISHED
    arguments: tuple[str, ...] = ()


SCORED = {"score_radiographs": 1, "table_joint_scoring": 1, "draw_confusion": 1}
AFTER_MASKS = {"choose_masks": 1, "train_unet": 1, "segment": 2, "train_detector": 1}
AFTER_DETECTOR = {"detect_joints": 1, "crop_joints": 1, "extract_features": 1, "train_head": 2}
ONE_PART = AFTER_MASKS | AFTER_DETECTOR | SCORED
IMAGED = {"check_radiographs": 1, "read_boxes": 1, "check_cohort": 1, "standardize": 1}
IMAGED |= {"make_entropy_masks": 1}
AFTER_RADIOGRAPHS = {rule: 2 * count for rule, count in (AFTER_MASKS | AFTER_DETECTOR).items()}
IMAGES_CHECKED = {"check_images": 1, "split_images": 1, "measure_images": 1}
ON_TOTALS = {"train_network": 4, "stack_networks": 1, "table_whole_image": 1}
PATIENTS = {rule: 2 * count for rule, count in IMAGED.items()} | {"split_patients": 1}
PATIENTS |= {"read_scores": 1, "read_boxes": 1, "check_cohort": 1}
PATIENTS |= AFTER_RADIOGRAPHS | {"segment": 4} | SCORED

CASES = [
    Case(
        "a score", correct_score, {"check_cohort": 1, "read_scores": 1, "train_head": 1, **SCORED}
    ),
    Case("a radiograph of a hand", change_radiograph(HAND), IMAGED | ONE_PART),
    Case("a radiograph of a foot", change_radiograph(FOOT), IMAGED | ONE_PART),
    Case(
        "a box on a hand",
        move_box,
        {"read_boxes": 1, "check_cohort": 1, "train_detector": 1} | AFTER_DETECTOR | SCORED,
    ),
    Case("a verdict on a hand's mask", overrule_mask, {"check_cohort": 1} | ONE_PART),
    Case("a patient who is removed", remove_patient, PATIENTS),
    Case("a patient who is added", call_patient("UAB903", keep=True), PATIENTS),
    Case("a patient who is renamed", call_patient("UAB903", keep=False), PATIENTS),
    Case(
        "the joint cohort's folder is renamed",
        rename_folder("cohort", "renamed"),
        {"check_radiographs": 4, "read_boxes": 1, "read_scores": 1, "check_cohort": 1} | SCORED,
    ),
    Case(
        "the joint cohort's name",
        edit("own.yaml", "joints: {", "joints: {name: mine, "),
        {"table_joint_scoring": 1, "draw_confusion": 1},
    ),
    Case("comments, docstrings, layout", comment),
    Case(
        "a function that names joints",
        edit("src/sharpflow/joints/identification/rules.py", "\n\n\n", "\n\n\nEDITED = 1\n\n\n"),
        {"crop_joints": 2, "extract_features": 2, "train_head": 4} | SCORED,
    ),
    Case(
        "a function that measures",
        edit("src/sharpflow/evaluation/metrics.py", "\n\n\n", "\n\n\nEDITED = 1\n\n\n"),
        {"table_joint_scoring": 1, "draw_confusion": 1},
    ),
    Case(
        "a script that trains heads",
        edit("workflow/scripts/joints/train_head.py", "name, params,", "params, name, params,"),
        {"train_head": 4} | SCORED,
    ),
    Case(
        "a network's description (.yaml)",
        edit("src/sharpflow/joints/detection/yolov3-tiny-3l.yaml", "nc:", "edited: 1\nnc:"),
        {"train_detector": 2, **{rule: 2 * count for rule, count in AFTER_DETECTOR.items()}}
        | SCORED,
    ),
    Case(
        "a published number of Tan et al.",
        edit("src/sharpflow/papers/tan_numbers.csv", "82.07", "82.08"),
        {"table_joint_scoring": 1, "draw_confusion": 1},  # whose numbers one module computes
    ),
    Case(
        "a setting: epochs of the heads", set_key("heads: {epochs: 11}"), {"train_head": 4} | SCORED
    ),
    Case("dates of all files", touch),
    Case("cores", lambda folder: None, arguments=("--cores", "1", "--max-threads", "4")),
    Case("a package's version in `uv.lock`", change_package),
    Case("Python's minor version", run_other_python),
    Case("a total", correct_total, IMAGES_CHECKED | ON_TOTALS, IMAGES),
    Case("a bone age", correct_age, IMAGES_CHECKED | ON_TOTALS | {"train_network": 7}, IMAGES),
    Case(
        "a radiograph of both hands",
        change_image,
        {"pack_images": 1} | IMAGES_CHECKED | ON_TOTALS,
        IMAGES,
    ),
    Case(
        "the folder of whole radiographs is renamed",
        rename_folder("wang", "renamed"),
        {"table_whole_image": 1},
        IMAGES,
    ),
    Case(
        "a published number of Bo et al.",
        edit("src/sharpflow/papers/bo_results.csv", "0.925", "0.926"),
        {"table_whole_image": 1},
        IMAGES,
    ),
    Case("dates of all files", touch, {}, IMAGES),
    Case("a package's version in `uv.lock`", change_package, {}, IMAGES),
    Case("Python's minor version", run_other_python, {}, IMAGES),
]


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest, case: Case) -> Path:
    return without_results(request.getfixturevalue(case.study), tmp_path / "study")


def without_results(project: Project, folder: Path) -> Path:
    """The files that a user changes, copied; the results behind a link.

    With what Python has compiled of the code, which is a second of each dry run.
    """
    shutil.copytree(
        project.folder, folder, ignore=shutil.ignore_patterns("results", ".snakemake", "*.log")
    )
    (folder / "results").symlink_to(project.folder / "results")
    return folder


def test_the_documented_table_has_these_cases() -> None:
    page = (ROOT / "docs" / "how-to" / "change_and_rerun.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE)
    documented = set(rows) - {"you change", "the place and the name of the study"}
    assert documented == {case.said for case in CASES}


def told(planned: dict[str, int]) -> dict[str, int]:
    return {rule: count for rule, count in planned.items() if rule in TOLD}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.said)
def test_a_change_reruns_what_depends_on_it(folder: Path, case: Case) -> None:
    case.change(folder)
    planned = Project(folder, NAMES[case.study]).planned(*case.arguments)
    assert told(planned) == case.runs
    if not case.runs:
        assert planned == {}


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory, finished: Project) -> Project:
    """The small study copied with its results, as a clone is: new dates, in any order.

    The study has another name there, and the name of its folder of results.
    """
    folder = tmp_path_factory.mktemp("copied") / "study"
    ignored = shutil.ignore_patterns(".snakemake", "__pycache__", "*.log")
    shutil.copytree(finished.folder, folder, ignore=ignored, copy_function=shutil.copyfile)
    (folder / "results" / "small").rename(folder / "results" / "other")
    set_key("study: other")(folder)
    return Project(folder, "other")


def test_a_copied_and_renamed_study_reruns_nothing(copied: Project) -> None:
    assert copied.planned() == {}


@pytest.mark.parametrize(
    ("deleted", "rule"),
    [
        ("tables/joint_scoring.md", "table_joint_scoring"),
        ("figures/tan_fig6_confusion.png", "draw_confusion"),
        ("heads/narrowing-hand/predictions.csv", "train_head"),
        ("cohort/joints/split.csv", "split_patients"),
    ],
)
def test_a_deleted_result_is_made_again(copied: Project, deleted: str, rule: str) -> None:
    path = copied.results / deleted
    content = path.read_bytes()
    path.unlink()
    planned = copied.planned()
    path.write_bytes(content)
    assert planned[rule] == 1
    assert ("train_unet" in planned) == (rule == "split_patients")


def test_a_score_reruns_its_heads_where_problems_are_set_aside(copied: Project) -> None:
    """Run after the test before it: the records are written anew."""
    set_key("checks: {on_problem: set_aside}")(copied.folder)
    assert {"standardize", "split_patients"} <= copied.planned().keys()
    copied.run("--touch")
    assert copied.planned() == {}
    correct_score(copied.folder)
    runs = {"read_scores": 1, "check_cohort": 1, "train_head": 1, **SCORED}
    assert told(copied.planned()) == runs
    change_radiograph(HAND)(copied.folder)
    assert told(copied.planned())["train_unet"] == 2
