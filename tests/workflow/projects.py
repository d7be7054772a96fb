"""Small studies on cohorts of the user's own (synthetic, but read like any other)."""

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "config.yaml", "workflow", "src", "envs", "uv.lock")
STUDIES = {"small": "study.yaml", "images": "whole_image_study.yaml"}
LIMIT = 900  # seconds; a run that hangs fails


@dataclass(frozen=True)
class Project:
    """A copy of the workflow with a cohort beside it, which tests may edit."""

    folder: Path
    study: str = "small"
    # One thread a rule, here and on a cluster, since sums depend on their number.
    how: tuple[str, ...] = ("--cores", "2", "--max-threads", "1")

    @property
    def results(self) -> Path:
        return self.folder / "results" / self.study

    @property
    def output(self) -> Path:
        return self.folder / "output.txt"

    def command(self, *arguments: str) -> list[str]:
        own = ["--configfile", "study.yaml", "own.yaml"]
        return [sys.executable, "-m", "snakemake", *arguments, *self.how, *own]

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Snakemake, whether it fails or not."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
            env=_environment(),
        )

    def run(self, *arguments: str) -> str:
        """Run Snakemake; the test fails with its output if it does."""
        ended = self.attempt(*arguments)
        output = ended.stdout + ended.stderr
        assert ended.returncode == 0, output[-6000:]
        return output

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start Snakemake in a process group of its own; it writes to `self.output`."""
        with self.output.open("w") as output:
            return subprocess.Popen(
                self.command(*arguments),
                cwd=self.folder,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=_environment(),
            )

    def planned(self, *arguments: str) -> dict[str, int]:
        """How often each rule would run now; the targets left out."""
        output = self.run("-n", *arguments)
        jobs = dict(re.findall(r"^([a-z]\w+) +(\d+)$", output, re.MULTILINE))
        named = ("total", "all", "tables", "figures", "joints", "whole_image", "bundle", "score")
        return {rule: int(count) for rule, count in jobs.items() if rule not in named}


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL a run with all that it started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _environment() -> dict[str, str]:
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def copy_workflow(folder: Path, study: str) -> Project:
    """Copy the workflow and one of the tests' studies into an empty folder."""
    for part in PARTS:
        source, target = ROOT / part, folder / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    shutil.copyfile(Path(__file__).with_name(STUDIES[study]), folder / "study.yaml")
    return Project(folder, study)


OWN_JOINTS = (
    "  joints: {radiographs: cohort/radiographs, scores: cohort/scores.csv, boxes: cohort/boxes}\n"
)
OWN_IMAGES = (
    "  whole_image: {table: wang/labels.csv, images: wang/images, columns: {patient: patient}}\n"
    "  bone_age:\n"
    "    training_table: rsna/boneage-training-dataset.csv\n"
    "    training_images: rsna/boneage-training-dataset\n"
    "    validation_table: rsna/boneage-validation-dataset.csv\n"
    "    validation_images: rsna/boneage-validation-dataset\n"
)


def make_whole_image_project(folder: Path) -> Project:
    """The workflow with synthetic radiographs in layouts like Wang et al.'s and as the RSNA's."""
    project = copy_workflow(folder, "images")
    _draw_images(folder)
    (folder / "own.yaml").write_text("cohorts:\n" + OWN_IMAGES)
    return project


def make_project(folder: Path, cohort: Path) -> Project:
    """Copy the workflow and a cohort into an empty folder."""
    project = copy_workflow(folder, "small")
    shutil.copytree(cohort, folder / "cohort")
    (folder / "overrides.csv").write_text("image_id,good\n")
    own = "cohorts:\n" + OWN_JOINTS + "masks: {overrides: overrides.csv}\n"
    (folder / "own.yaml").write_text(own)
    return project


def make_joint_and_whole_image_project(folder: Path, cohort: Path) -> Project:
    """The workflow with cohorts of the user's own for both pipelines."""
    project = copy_workflow(folder, "small")
    shutil.copytree(cohort, folder / "cohort")
    _draw_images(folder)
    small, whole = (
        yaml.safe_load(Path(__file__).with_name(name).read_text()) for name in STUDIES.values()
    )
    (folder / "study.yaml").write_text(yaml.safe_dump(whole | small))
    (folder / "own.yaml").write_text("cohorts:\n" + OWN_JOINTS + OWN_IMAGES)
    return project


def _draw_images(folder: Path) -> None:
    from sharpflow.phantom.cohorts.bone_age import make_bone_age_cohort
    from sharpflow.phantom.cohorts.whole_images import make_whole_image_cohort

    make_whole_image_cohort(folder / "wang", patients=24, seed=3, height=100, workers=1)
    make_bone_age_cohort(folder / "rsna", children=20, seed=3, height=100, workers=1)
    for cohort in ("wang", "rsna"):
        shutil.rmtree(folder / cohort / "truth")
