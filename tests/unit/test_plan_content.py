"""What rules read of the user's files, and which results belong to radiographs that are gone."""

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from sharpflow.anatomy import LIMBS, MODELS, Damage, score_columns
from sharpflow.cohorts.visits import SUMS
from sharpflow.workflow.content import CONTENTS
from sharpflow.workflow.leftovers import remove_leftovers
from sharpflow.workflow.plan.content import JointContent
from sharpflow.workflow.plan.study import StudyPlan, plan_study

ROOT = Path(__file__).parents[2]
PATIENTS = [f"UAB{number:03d}" for number in range(12)]


@pytest.fixture
def cohort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Radiographs, scores, labels and verdicts of twelve patients; a score of one is wrong."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "radiographs").mkdir()
    (tmp_path / "boxes").mkdir()
    for patient in PATIENTS:
        for limb in LIMBS:
            (tmp_path / "radiographs" / f"{patient}-{limb}.jpg").write_text(f"{patient}{limb}")
            (tmp_path / "boxes" / f"{patient}-{limb}.xml").write_text("<annotation/>")
    write_scores({})
    (tmp_path / "overrides.csv").write_text("image_id,good\nUAB001-LH,true\nUAB001-LF,true\n")
    return tmp_path


def write_scores(changes: dict[tuple[str, str], int]) -> None:
    """Scores of 1; of the last patient a sum is wrong."""
    columns = list(score_columns())
    lines = [",".join(["Patient_ID", *SUMS, *columns])]
    for patient in PATIENTS:
        scores = {column: changes.get((patient, column), 1) for column in columns}
        sums = [
            sum(scores[name] for name, (_, _, damage) in score_columns().items() if damage in of)
            for of in SUMS.values()
        ]
        sums[0] += patient == PATIENTS[-1]
        lines.append(",".join(map(str, [patient, *sums, *scores.values()])))
    Path("scores.csv").write_text("\n".join(lines) + "\n")


def plan(**changes: Any) -> StudyPlan:
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    joints = {"radiographs": "radiographs", "scores": "scores.csv", "boxes": "boxes"}
    changes = {"cohorts": {"joints": joints}, "masks": {"overrides": "overrides.csv"}} | changes
    for section, value in changes.items():
        config[section] = config[section] | value
    return plan_study(config)


def read(what: str, **changes: Any) -> list[Any]:
    """What is read of hands, then of feet; or for each of the four models."""
    CONTENTS.forget()
    joints = plan(**changes).joints
    assert joints
    content = getattr(JointContent(joints), what)
    if what == "scores":
        return [content(SimpleNamespace(model=model)) for model in MODELS]
    parts = ("hand", "foot")
    return [content(SimpleNamespace(cohort="joints", body_part=part, shard="00")) for part in parts]


def change_hand() -> None:
    path = Path("radiographs/UAB001-LH.jpg")
    path.write_text("UAB001XX")
    os.utime(path, (1, 1))


def move_box() -> None:
    Path("boxes/UAB001-LH.xml").write_text("<annotation></annotation>")


def overrule() -> None:
    Path("overrides.csv").write_text("image_id,good\nUAB001-LH,false\nUAB001-LF,true\n")


@pytest.mark.parametrize(
    ("what", "change"),
    [("radiographs", change_hand), ("boxes", move_box), ("verdicts", overrule)],
)
def test_a_change_of_hands_is_none_of_feet(
    cohort: Path, what: str, change: Callable[[], None]
) -> None:
    hand, foot = read(what)
    assert read(what) == [hand, foot]
    change()
    assert read(what)[0] != hand
    assert read(what)[1] == foot


@pytest.mark.parametrize(
    "add",
    [
        lambda: Path("radiographs/notes.jpg").touch(),
        lambda: Path("radiographs/UAB001-LH.png").touch(),
        lambda: Path("radiographs/P01-LH.jpg").mkdir(),
        lambda: Path("radiographs/P01-LH.jpg").symlink_to("nowhere"),
        lambda: Path("boxes/P01-LH.xml").mkdir(),
        lambda: Path("boxes/P01-LH.txt").symlink_to("nowhere"),
        lambda: Path(os.fsdecode(b"boxes/J\xf6rg-LH.xml")).touch(),
    ],
)
def test_what_no_rule_reads_is_checked_when_it_comes_and_when_it_goes(
    cohort: Path, add: Callable[[], None]
) -> None:
    def not_read() -> str:
        joints = plan().joints
        assert joints
        return joints.sources.not_read(SimpleNamespace(cohort="joints"))

    assert not_read() == ""
    add()
    assert not_read()


def test_a_wrong_row_of_a_list_is_checked_again_when_it_goes(cohort: Path) -> None:
    rows = [f"{p}-{limb},{p},{limb},radiographs/{p}-{limb}.jpg" for p in PATIENTS for limb in LIMBS]
    joints = {"radiographs": "list.csv", "scores": "scores.csv", "boxes": "boxes"}
    digests = []
    for more in ([], ["X-LH,X,LX,radiographs/UAB001-LH.jpg"]):
        Path("list.csv").write_text("\n".join(["image_id,patient,limb,file", *rows, *more]) + "\n")
        listed = plan(cohorts={"joints": joints}).joints
        assert listed
        digests.append(listed.sources.not_read(SimpleNamespace(cohort="joints")))
    assert digests[0] == "" != digests[1]


@pytest.mark.parametrize("change", [change_hand, move_box, overrule])
def test_other_changes_move_no_patient(cohort: Path, change: Callable[[], None]) -> None:
    before = read("patients")
    change()
    assert read("patients") == before
    Path("radiographs/UAB001-LH.jpg").unlink()
    assert read("patients") == before  # there is another of a hand
    for limb in ("RH", "LF", "RF"):
        Path(f"radiographs/UAB001-{limb}.jpg").unlink()
    assert read("patients") != before


def test_a_score_is_of_its_damage_and_body_part(cohort: Path) -> None:
    before = dict(zip(MODELS, read("scores"), strict=True))
    for model, (damage, body_part) in MODELS.items():
        column = next(
            name
            for name, (limb, site, of) in score_columns().items()
            if of == damage and LIMBS[limb].body_part == body_part and site.detector_class
        )
        write_scores({("UAB002", column): 0})
        after = dict(zip(MODELS, read("scores"), strict=True))
        assert [name for name in MODELS if after[name] != before[name]] == [model]
    wrist = next(n for n, (_, s, d) in score_columns().items() if not s.detector_class)
    write_scores({("UAB002", wrist): 0})
    assert dict(zip(MODELS, read("scores"), strict=True)) == before


def test_what_is_set_aside_depends_on_what_may_be_wrong(cohort: Path) -> None:
    aside = {"checks": {"on_problem": "set_aside"}}
    assert read("set_aside") == ["", ""]
    before = read("set_aside", **aside)
    column = next(n for n, (_, _, d) in score_columns().items() if d == Damage.EROSION)
    write_scores({("UAB002", column): 0})
    assert read("set_aside", **aside) == before
    write_scores({("UAB002", column): 99})
    assert read("set_aside", **aside) != before
    write_scores({})
    assert read("set_aside", **aside) == before
    change_hand()
    assert read("set_aside", **aside) != before


def test_a_table_that_the_check_refuses_is_none(cohort: Path) -> None:
    for text in ("", "Patient_ID\nUAB001\n", "\0"):
        Path("scores.csv").write_text(text)
        Path("overrides.csv").write_text(text)
        assert len(set(read("scores"))) == 1
        assert len(set(read("verdicts"))) == 1


def test_shards_that_are_gone_are_removed_and_models_stay(cohort: Path) -> None:
    shards = {"standardize": {"shards": {"hand": 2, "foot": 2}}}
    results = Path("results/paper")
    stay = [
        *("standardized/joints/hand/01.npy", "masks/sheets/hand-01-unet.png"),
        *("unet/foot/model.keras", "heads/erosion-hand/model.keras", "scores/joints.csv"),
        "packed/whole_image/05.npy",  # of a pipeline that this study does not have
    ]
    go = [
        *("standardized/joints/hand/02.npy", "standardized/joints/hand/02.csv"),
        *("cohort/joints/radiographs/foot/03.csv", "masks/sheets/hand-02-unet.png"),
        *("masks/quality/hand/02.csv", "standardized/unscored/hand/00.npy"),
        *("scores/unscored/totals.csv", "unscored/crops/hand/crops.npy"),
    ]
    for name in (*stay, *go, ".records/standardized/joints/hand/02.npy.json"):
        results.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        results.joinpath(name).touch()
    removed = remove_leftovers(plan(**shards))
    assert {str(path.relative_to(results)) for path in removed} == set(go)
    left = {str(path.relative_to(results)) for path in results.rglob("*.*") if path.is_file()}
    assert left == set(stay)
