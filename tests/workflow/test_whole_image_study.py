"""The whole-image half on images and labels of the user's own, and what a change makes again."""

import os
import signal
import time
from pathlib import Path

import pandas as pd
import pytest

from sharpflow.imaging.shards import shard_of
from sharpflow.whole_image.experiments import EXPERIMENTS

from .projects import LIMIT, Project, make_whole_image_project
from .test_small_study import edited

STACK, MEMBER = "total-stack-batch16", "total-mobilenetv2-irbs3"
NETWORKS = 3  # pretrained on bone age, then trained on totals; one of them on classes, too
TRAININGS = 2 * NETWORKS + 1


@pytest.fixture
def project(finished_whole_image: Project) -> Project:
    return finished_whole_image


def test_every_row_of_the_papers_tables_is_there_run_or_not(project: Project) -> None:
    for name, task in (("whole_regression", "total"), ("whole_severity", "severity")):
        table = pd.read_csv(project.results / "tables" / f"{name}.csv").set_index("row")
        wanted = {
            experiment.name
            for experiment in EXPERIMENTS.values()
            if experiment.task == task and experiment.group != "further"
        }
        assert wanted <= set(table.index)
        assert set(table.loc[table["state"] == "run", "data"]) == {"wang"}
    regression = pd.read_csv(project.results / "tables" / "whole_regression.csv").set_index("row")
    split = pd.read_csv(project.results / "cohort" / "whole_image" / "split.csv")
    assert regression.loc[STACK, "n"] == (split["split"] == "test").sum()
    assert regression.loc[STACK, "paper_pcc"] == 0.925
    told = (project.results / "tables" / "whole_regression.md").read_text()
    assert "did not run" in told and "total-resnet50-smooth-batch4" in told


def test_every_figure_is_there(project: Project) -> None:
    names = {path.stem for path in (project.results / "figures").glob("*.pdf")}
    assert names == {
        "bo_fig3_grad_cam_total",
        "bo_fig5_grad_cam_severity",  # of the one classifier that this study has
        "bo_fig1_radiograph_and_classes",
        "bo_fig2_predicted_true",
        "bo_fig4_confusion",
        "bo_learning_curves",
    }


def test_a_second_run_has_nothing_to_do(project: Project) -> None:
    assert project.planned() == {}


def test_another_radiograph_packs_its_shard_alone(project: Project) -> None:
    images = project.folder / "wang" / "images"
    source = sorted(images.glob("*.jpg"))[0]
    new = images / "NEW001-BH.jpg"
    new.write_bytes(source.read_bytes()[:-2] + b"\x00\xff\xd9")
    table = project.folder / "wang" / "labels.csv"
    last = table.read_text().splitlines()[-1]
    try:
        with edited(table, last, f"{last}\n{new.name},NEW001,12,50,F"):
            output = project.run("-n")
    finally:
        new.unlink()
    shard = shard_of(new.stem, 2)
    assert f"packed/whole_image/{shard}.npy" in output
    assert f"packed/whole_image/{1 - int(shard):02d}.npy\n" not in _outputs(output)


def _outputs(plan: str) -> str:
    """What a dry run says that it would write."""
    lines = [line for line in plan.splitlines() if line.strip().startswith("output:")]
    return "\n".join(lines) + "\n"


def test_bad_radiographs_and_labels_are_listed_at_once(project: Project, tmp_path: Path) -> None:
    bad = make_whole_image_project(tmp_path)
    images = sorted((bad.folder / "wang" / "images").glob("*.jpg"))
    images[0].write_bytes(images[0].read_bytes()[:200])
    images[1].unlink()
    table = bad.folder / "wang" / "labels.csv"
    third = next(line for line in table.read_text().splitlines() if images[2].name in line)
    fields = third.split(",")
    fields[2] = "281"
    with edited(table, third, ",".join(fields)):
        ended = bad.attempt()
    assert ended.returncode != 0
    said = ended.stdout + ended.stderr
    assert "3 problem(s) with the input" in said
    for part in (images[0].name, images[1].name, "281"):
        assert part in said
    assert not list((bad.results / "whole_image").glob("*/model.pt"))


def test_a_second_seed_stands_beside_the_first(project: Project, tmp_path: Path) -> None:
    both, name = make_whole_image_project(tmp_path), "total-mobilenetv2-finetuned"
    settings = (both.folder / "own.yaml").read_text()
    settings += f"whole_image: {{seeds: 2, experiments: [{name}]}}\n"
    (both.folder / "own.yaml").write_text(settings)
    both.run("results/images/tables/whole_regression.csv")
    start = Path("whole_image") / "bone-age-mobilenetv2" / "model.pt"
    assert (both.results / start).read_bytes() == (project.results / start).read_bytes()
    row = pd.read_csv(both.results / "tables" / "whole_regression.csv").set_index("row").loc[name]
    errors = []
    for folder in ("", "seed-2"):
        table = pd.read_csv(both.results / "whole_image" / folder / name / "predictions.csv")
        tests = table[table["split"] == "test"]
        errors.append((tests["predicted"] - tests["true"]).abs().mean())
    assert errors[0] != errors[1]
    assert row["n_seeds"] == 2
    assert row["mae"] == pytest.approx(errors[0])
    assert row["mae_seed_mean"] == pytest.approx(sum(errors) / 2)
    assert row["mae_seed_sd"] == pytest.approx(abs(errors[0] - errors[1]) / 2**0.5)


def test_told_to_stop_it_goes_on_and_ends_with_the_same_tables(
    project: Project, tmp_path: Path
) -> None:
    again = make_whole_image_project(tmp_path)
    process = again.start()
    deadline = time.monotonic() + LIMIT
    log = again.results / "logs" / "train_network"
    while not list(log.glob("total-*")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.2)
    time.sleep(5)
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(LIMIT) != 0
    again.run("--unlock")
    again.run("--rerun-incomplete")
    for folder in ("tables", "whole_image"):
        for path in sorted((project.results / folder).rglob("*.csv")):
            if path.name != "history.csv":  # it holds times
                name = path.relative_to(project.results)
                assert (again.results / name).read_bytes() == path.read_bytes(), name
    model = Path("whole_image") / MEMBER / "model.pt"
    assert (again.results / model).read_bytes() == (project.results / model).read_bytes()
