"""Jobs that a killed Snakemake left with Slurm, by what squeue says."""

from pathlib import Path

import pytest

from sharpflow.errors import UserError
from sharpflow.workflow.surviving_jobs import (
    SlurmJob,
    find_surviving_jobs,
    refuse_beside_surviving_jobs,
)

RUN = "6241ee3f-a6f2-4f97-ac37-31e9a362a956"


@pytest.fixture
def squeue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in squeue's place; tests write what it does."""
    programs = tmp_path / "programs"
    programs.mkdir()
    program = programs / "squeue"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{programs}:/bin:/usr/bin")
    return program


def says(program: Path, *lines: str) -> None:
    program.write_text(
        "#!/bin/sh\ncat <<'END'\n" + "".join(f"{line}\n" for line in lines) + "END\n"
    )


def test_only_this_folders_runs_are_found(squeue: Path, tmp_path: Path) -> None:
    study, other, link = tmp_path / "study", tmp_path / "other", tmp_path / "link"
    study.mkdir()
    other.mkdir()
    link.symlink_to(study)
    says(
        squeue,
        f"7|RUNNING|sharpflow_{RUN}|rule_train_unet_wildcards_hand|{study}",
        f"8|PENDING|{RUN}|rule_segment|{link}",  # the same folder; no prefix
        f"9|RUNNING|sharpflow_{RUN}|rule_train_unet|{other}",
        f"10|RUNNING|notebook|(null)|{study}",  # somebody's own job
        f"11|RUNNING|sharpflow_{RUN}|rule_train_unet|/no/such/folder|here",
    )
    assert find_surviving_jobs(study) == [
        SlurmJob("7", "RUNNING", "rule_train_unet_wildcards_hand"),
        SlurmJob("8", "PENDING", "rule_segment"),
    ]
    with pytest.raises(UserError, match=r"7 RUNNING rule_train_unet_wildcards_hand\n  8 PENDING"):
        refuse_beside_surviving_jobs(study)


def test_without_jobs_nothing_is_refused(squeue: Path, tmp_path: Path) -> None:
    says(squeue)
    refuse_beside_surviving_jobs(tmp_path)


def test_a_slurm_that_does_not_answer_is_no_all_clear(squeue: Path, tmp_path: Path) -> None:
    squeue.write_text("#!/bin/sh\necho 'slurm_load_jobs error: timed out' >&2\nexit 1\n")
    with pytest.raises(UserError, match=r"did not answer .*timed out"):
        find_surviving_jobs(tmp_path)


def test_without_slurm_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_surviving_jobs(tmp_path) == []
