"""The ground: anatomy's counts, whole writes, seeds, job logs, digests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sharpflow.anatomy import (
    ALL_SITES,
    DETECTED_JOINTS,
    LIMBS,
    MAX_SCORE,
    BodyPart,
    Damage,
    score_columns,
    scored_joints,
)
from sharpflow.digests import check_sha256, digest_of
from sharpflow.errors import UserError
from sharpflow.files import atomic_folder, atomic_write, read_table, write_table
from sharpflow.seeds import seed_for


def most(body_parts: tuple[BodyPart, ...]) -> dict[Damage, int]:
    """The most that two limbs of each body_part can score."""
    return {
        damage: sum(
            2 * MAX_SCORE[body_part, damage]
            for body_part in body_parts
            for site in ALL_SITES[body_part]
            if site.column(damage)
        )
        for damage in Damage
    }


def test_the_most_a_person_can_score() -> None:
    hands = most((BodyPart.HAND,))
    assert hands == {Damage.EROSION: 160, Damage.NARROWING: 120}
    assert sum(most((BodyPart.FOOT,)).values()) == 168
    assert sum(most((BodyPart.HAND, BodyPart.FOOT)).values()) == 448


def test_joints_that_are_found_and_scored() -> None:
    assert [len(DETECTED_JOINTS[body_part]) for body_part in BodyPart] == [10, 6]
    assert len(scored_joints(BodyPart.HAND, Damage.EROSION)) == 10
    assert "IP" not in {j.name for j in scored_joints(BodyPart.HAND, Damage.NARROWING)}
    assert len(score_columns()) == 86
    assert {limb for limb, _, _ in score_columns().values()} == set(LIMBS)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_write(path) as temporary:
        temporary.write_text("half of the ne")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_there_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "results" / "phantom"
    with pytest.raises(RuntimeError), atomic_folder(path) as temporary:
        (temporary / "half").touch()
        raise RuntimeError
    assert list(path.parent.iterdir()) == []
    with atomic_folder(path) as temporary:
        (temporary / "whole").touch()
        assert not path.exists()
    assert [found.name for found in path.parent.rglob("*")] == ["phantom", "whole"]


def test_a_folder_of_a_killed_job_is_never_taken_for_whole(tmp_path: Path) -> None:
    path, other = tmp_path / "phantom", tmp_path / ".phantoms"
    other.mkdir()
    if (child := os.fork()) == 0:
        with atomic_folder(path) as temporary:
            (temporary / "half").touch()
            os._exit(9)
    os.waitpid(child, 0)
    assert not path.exists()
    with atomic_folder(path) as temporary:
        (temporary / "whole").touch()
    assert sorted(tmp_path.iterdir()) == [other, path]
    assert [found.name for found in path.iterdir()] == ["whole"]


def test_ids_that_look_like_something_else_stay_text(tmp_path: Path) -> None:
    import pandas as pd

    table = pd.DataFrame({"patient": ["NA", "007", "1e3"], "score": [1.0, None, 2.0]})
    write_table(table, tmp_path / "table.csv")
    pd.testing.assert_frame_equal(
        read_table(tmp_path / "table.csv"), table.astype({"patient": "str"})
    )


def test_seeds_differ_by_name_and_stay() -> None:
    assert seed_for(42, "unet", "hand") != seed_for(42, "unet", "foot")
    assert seed_for(42, "epoch", 1) != seed_for(42, "epoch", 11)
    # The first four bytes of SHA-256 of "42/epoch/1".
    assert seed_for(42, "epoch", 1) == 0x82EEC77D


def test_digest_of_sees_shape_and_type() -> None:
    import numpy as np

    flat = np.arange(6, dtype=np.uint8)
    digests = {digest_of(flat), digest_of(flat.reshape(2, 3)), digest_of(flat.astype(np.int8))}
    assert len(digests) == 3


def test_weights_are_checked_by_their_sha256(tmp_path: Path) -> None:
    path = tmp_path / "weights.h5"
    path.write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    check_sha256(path, known)
    with pytest.raises(UserError, match=r"weights\.h5: SHA-256 is ba78.*expects 0000"):
        check_sha256(path, "0" * 64)
    with pytest.raises(UserError, match="no such file"):
        check_sha256(tmp_path / "none.h5", known)


@pytest.mark.parametrize(
    ("body", "in_log", "traceback"),
    [
        ("raise UserError('row 3: found x')", "row 3: found x", False),
        ("1 / 0", "ZeroDivisionError", True),
        ("import os; os.write(2, b'from C'); raise UserError('end')", "from C", False),
    ],
)
def test_a_job_leaves_its_reason_in_its_log(
    tmp_path: Path, body: str, in_log: str, traceback: bool
) -> None:
    log = tmp_path / "logs" / "job.log"
    script = tmp_path / "script.py"
    script.write_text(
        "from sharpflow.errors import UserError\nfrom sharpflow.workflow.job import job\n"
        f"with job({str(log)!r}):\n    {body}\n"
    )
    source = Path(__file__).parents[2] / "src"
    ended = subprocess.run(
        [sys.executable, script], env={"PYTHONPATH": str(source)}, capture_output=True, check=False
    )
    assert ended.returncode == 1
    assert (in_log.encode() in ended.stderr) is (not traceback and "from C" not in in_log)
    assert in_log in log.read_text()
    assert ("Traceback" in log.read_text()) is traceback


@pytest.mark.parametrize("where", ["terminal", "pipe"])
def test_a_job_offers_a_terminal_only_where_there_is_one(tmp_path: Path, where: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from sharpflow.workflow.job import job\n"
        f"with job({str(tmp_path / 'log')!r}) as this:\n"
        "    if this.terminal: print('a bar', file=this.terminal, flush=True)\n"
        "    else: print('none')\n"
    )
    ours, theirs = os.openpty() if where == "terminal" else os.pipe()
    source = Path(__file__).parents[2] / "src"
    subprocess.run(
        [sys.executable, script], env={"PYTHONPATH": str(source)}, stderr=theirs, check=True
    )
    os.write(theirs, b"nothing")
    assert os.read(ours, 5) == (b"a bar" if where == "terminal" else b"nothi")
    assert (tmp_path / "log").read_text() == ("" if where == "terminal" else "none\n")
