"""Tables 1 and 2 hold every row of the paper, this run's numbers and the paper's."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sharpflow.evaluation.whole_image_differences import (
    best_on_validation,
    comparisons,
    difference_table,
)
from sharpflow.evaluation.whole_image_metrics import regression_metrics
from sharpflow.evaluation.whole_image_tables import (
    regression_table,
    severity_table,
    time_table,
)
from sharpflow.files import read_table
from sharpflow.papers.bo_results import reported
from sharpflow.reporting.bo_notes import WholeImageNotes
from sharpflow.reporting.bo_tables import (
    publish_differences,
    publish_regression,
    publish_severity,
    publish_time,
)
from sharpflow.reporting.tables import number_with_interval
from sharpflow.whole_image.experiments import EXPERIMENTS

NOTES = WholeImageNotes(
    data="phantom",
    pretraining_data="phantom",
    image_size=192,
    contrast="none",
    rotations=(0, 90, 180, 270),
    jitter=0,
    batch_factor=1,
    optimizer="SGD",
    epochs=30,
    experiment_epochs={},
    pretraining_epochs=20,
    split_by="patient",
    members="paper",
    fitted_on="validation",
)
SPLIT = ["train"] * 30 + ["validation"] * 10 + ["test"] * 40


def predictions(task: str, error: float, seed: int = 0) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    names = [f"P{number:02}" for number in range(80)]
    true = np.random.default_rng(9).integers(0, 10, 80).astype(float)
    predicted = true + generator.normal(0, error, 80)
    if task == "severity":
        predicted = np.clip(np.round(predicted), 0, 9)
    else:
        true, predicted = true * 20, predicted * 20
    columns = {"split": SPLIT, "true": true, "predicted": predicted}
    return pd.DataFrame({"image_id": names, "patient": names, **columns})


@pytest.fixture(scope="module")
def run() -> dict[str, pd.DataFrame]:
    names = [
        *("total-resnet50-mse-batch4", "total-resnet50-finetuned", "total-resnet50-rbs1"),
        *("total-stack-batch16", "total-stack-batch4"),
        *("severity-resnet34-finetuned", "severity-resnet34-finetuned-ordinal"),
        "severity-binned-stack",
    ]
    return {
        name: predictions(name.split("-")[0], 0.5 + 0.2 * number, number)
        for number, name in enumerate(names)
    }


@pytest.fixture(scope="module")
def regression(run: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return regression_table(run, data="phantom", seed=0, resamples=200)


@pytest.fixture(scope="module")
def severity(run: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return severity_table(run, data="phantom", seed=0, resamples=200)


def lines_of(page: str) -> list[list[str]]:
    lines = [line for line in page.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_table_1_has_the_papers_20_rows_in_its_order(regression: pd.DataFrame) -> None:
    groups = regression["group"].tolist()
    assert groups[:20] == ["baseline"] * 9 + ["transfer"] * 9 + ["stack"] * 2
    assert regression["row"].iloc[[0, 8, 9, 19]].tolist() == [
        *("total-resnet50-smooth-batch4", "total-mobilenetv2-mse-batch16"),
        *("total-resnet50-finetuned", "total-stack-batch16"),
    ]
    assert groups[20:] == ["reference"] * 3 + ["constant"] * 2
    paper = regression.set_index("row").loc["total-stack-batch16"]
    assert paper[["paper_pcc", "paper_mae", "paper_rmse"]].tolist() == [0.925, 12.57, 18.02]


def test_table_2_has_the_papers_20_rows_in_its_order(severity: pd.DataFrame) -> None:
    groups = severity["group"].tolist()
    expected = ["baseline"] * 6 + ["transfer"] * 9 + ["stack"] * 4 + ["binned", "further"]
    assert groups == [*expected, "constant"]
    last = severity.set_index("row").loc["severity-binned-stack"]
    assert last["paper_accuracy"] == 0.288
    assert last["paper_rmse"] == 1.54


def test_a_row_holds_its_own_metrics_and_counts(
    run: dict[str, pd.DataFrame], regression: pd.DataFrame
) -> None:
    row = regression.set_index("row").loc["total-resnet50-rbs1"]
    own = regression_metrics(run["total-resnet50-rbs1"], seed=0, resamples=200)
    assert {name: row[name] for name in own} == own
    assert (row["n_train"], row["n_validation"], row["n"]) == (30, 10, 40)


def test_rows_not_run_are_blank_in_the_csv_and_named_in_a_note(
    tmp_path: Path, regression: pd.DataFrame
) -> None:
    row = regression.set_index("row").loc["total-resnet34-rbs2"]
    assert row["state"] == "not run"
    assert row[["n", "pcc", "pcc_low", "mae", "rmse", "icc"]].isna().all()
    assert row["paper_mae"] == 13.68
    publish_regression(regression, tmp_path, NOTES)
    text = (tmp_path / "whole_regression.md").read_text()
    _, _, *lines = lines_of(text)
    assert len(lines) == (regression["state"] != "not run").sum()
    (note,) = [line for line in text.splitlines() if "this study did not run" in line]
    assert "total-resnet34-rbs2" in note and "total-resnet50-rbs1" not in note
    assert len(pd.read_csv(tmp_path / "whole_regression.csv")) == len(regression)


def test_nothing_run_is_a_table_still(tmp_path: Path) -> None:
    table = regression_table({}, data="phantom", seed=0)
    assert set(table["state"]) == {"not run", "paper only"}
    publish_regression(table, tmp_path, NOTES)
    publish_severity(severity_table({}, data="phantom", seed=0), tmp_path, NOTES)


def test_references_have_the_papers_numbers_only(regression: pd.DataFrame) -> None:
    readers = regression.set_index("row").loc["human-readers"]
    assert readers[["paper_pcc", "paper_mae", "paper_rmse"]].tolist() == [0.97, 12.24, 18.75]
    assert np.isnan(readers["pcc"])
    assert readers["state"] == "paper only"


def test_markdown_names_a_group_once_and_gives_intervals(
    tmp_path: Path, regression: pd.DataFrame
) -> None:
    publish_regression(regression, tmp_path, NOTES)
    page = (tmp_path / "whole_regression.md").read_text()
    head, _, *lines = lines_of(page)
    groups = [line[0] for line in lines if line[0]]
    assert groups == [
        *("Baseline", "Transfer learning", "Ensemble learning"),
        *("Reported elsewhere", "Without a radiograph"),
    ]
    row = regression.set_index("row").loc["total-stack-batch16"]
    place = regression.loc[regression["state"] != "not run", "row"].tolist().index(row.name)
    shown = dict(zip(head, lines[place], strict=True))
    expected = f"{row['pcc']:.3f} ({row['pcc_low']:.3f} to {row['pcc_high']:.3f})"
    assert shown["PCC: this study (95% interval)"] == expected
    assert shown["PCC: paper"] == "0.925"


def test_notes_say_what_made_the_numbers(
    tmp_path: Path, regression: pd.DataFrame, severity: pd.DataFrame
) -> None:
    publish_regression(regression, tmp_path, NOTES)
    publish_severity(severity, tmp_path, NOTES)
    for name in ("whole_regression", "whole_severity"):
        for suffix in (".md", ".tex"):
            page = (tmp_path / f"{name}{suffix}").read_text()
            assert "not real radiographs" in page
            assert "30 images to train, 10 to validate, 40 to test" in page
            assert "chose nothing" in page
            assert "192x192 pixels" in page
            assert "fitted on validation" in page
    assert "Ordinal: the cumulative code" in (tmp_path / "whole_severity.md").read_text()


def test_notes_of_a_cohort_do_not_speak_of_synthetic_radiographs(
    tmp_path: Path, regression: pd.DataFrame
) -> None:
    notes = replace(
        NOTES,
        data="wang",
        pretraining_data="RSNA",
        image_size=1024,
        epochs=100,
        pretraining_epochs=50,
        split_by="image",
        members="validation",
        fitted_on="train",
    )
    publish_regression(regression.assign(data="wang"), tmp_path, notes)
    page = (tmp_path / "whole_regression.md").read_text()
    assert "synthetic" not in page
    assert "names no patients" in page
    assert "bone age of RSNA" in page
    assert "members are the best on the validation images" in page


def test_notes_tell_what_a_small_study_does_other_than_the_paper(
    tmp_path: Path, regression: pd.DataFrame
) -> None:
    other = {
        "contrast": "clahe",
        "rotations": (0,),
        "jitter": 0.1,
        "batch_factor": 8,
        "optimizer": "AdamW",
        "experiment_epochs": {"bone-age-resnet50": 2},
    }
    publish_regression(regression, tmp_path, replace(NOTES, **other))
    page = (tmp_path / "whole_regression.md").read_text()
    assert "evened by CLAHE (not in the paper)" in page
    assert "batches 8 times the paper's; AdamW (paper: SGD);" in page
    assert "size, angle and place varied by up to 0.1 (paper: not)" in page
    assert "turned by 0 degrees in training (paper: 0, 90, 180, 270)" in page
    assert "other epochs: bone-age-resnet50 2." in page


def test_csv_gives_back_the_same_numbers(tmp_path: Path, severity: pd.DataFrame) -> None:
    publish_severity(severity, tmp_path, NOTES)
    back = read_table(tmp_path / "whole_severity.csv")
    numbers = severity.select_dtypes(float).columns
    pd.testing.assert_frame_equal(back[numbers], severity[numbers], rtol=0, atol=0)
    assert list(back.columns[:3]) == ["row", "data", "n"]


def test_latex_has_as_many_cells_in_each_row(tmp_path: Path, severity: pd.DataFrame) -> None:
    publish_severity(severity, tmp_path, NOTES)
    page = (tmp_path / "whole_severity.tex").read_text()
    assert page.isascii()
    rows = [line for line in page.splitlines() if line.endswith(r"\\")]
    cells = {len(re.findall(r"(?<!\\)&", row)) for row in rows[1:]}
    assert len(cells) == 1


def test_comparisons_answer_one_question_each(run: dict[str, pd.DataFrame]) -> None:
    pairs = comparisons(run)
    baseline, tuned = "total-resnet50-mse-batch4", "total-resnet50-finetuned"
    assert (tuned, baseline, "transfer") in pairs
    assert ("total-resnet50-rbs1", baseline, "transfer") in pairs
    assert ("total-resnet50-rbs1", tuned, "freezing") in pairs
    plain = "severity-resnet34-finetuned"
    assert (f"{plain}-ordinal", plain, "loss") in pairs
    assert all(first in run and second in run for first, second, _ in pairs)
    assert len(set(pairs)) == len(pairs)


def test_best_single_network_is_chosen_on_validation_images(
    run: dict[str, pd.DataFrame],
) -> None:
    name = "total-resnet50-rbs1"
    changed = run[name].copy()
    validation = changed["split"] == "validation"
    changed.loc[validation, "predicted"] = changed.loc[validation, "true"]
    changed.loc[~validation, "predicted"] = 1000.0
    assert best_on_validation(run | {name: changed}, "total") == name
    assert ("total-stack-batch4", name, "stacking") in comparisons(run | {name: changed})
    assert best_on_validation({}, "total") is None


def test_differences_are_published(tmp_path: Path, run: dict[str, pd.DataFrame]) -> None:
    table = difference_table(run, comparisons(run), data="phantom", seed=0, resamples=200)
    publish_differences(table, tmp_path, NOTES)
    back = read_table(tmp_path / "whole_differences.csv")
    pd.testing.assert_series_equal(back["difference"], table["difference"], rtol=0, atol=0)
    page = (tmp_path / "whole_differences.md").read_text()
    assert "not of other random seeds" in page
    assert number_with_interval(-0.1, -0.25, 0.05, 2) == "-0.10 (-0.25 to 0.05)"


def test_seeds_stand_beside_the_first(tmp_path: Path, run: dict[str, pd.DataFrame]) -> None:
    further = [
        {name: predictions(name.split("-")[0], 0.8, seed) for name in run} for seed in (20, 21)
    ]
    how = {"repeated": further, "data": "phantom", "seed": 0, "resamples": 50}
    table = regression_table(run, **how).set_index("row")
    name, other = "total-resnet50-rbs1", "total-resnet50-finetuned"

    def errors(of: str) -> list[float]:
        tests = [one[of].query("split == 'test'") for one in (run, *further)]
        return [(rows["predicted"] - rows["true"]).abs().mean() for rows in tests]

    row = table.loc[name]
    assert row["mae"] == pytest.approx(errors(name)[0])
    assert row["mae_seed_mean"] == pytest.approx(np.mean(errors(name)))
    assert row["mae_seed_sd"] == pytest.approx(np.std(errors(name), ddof=1))
    assert row["n_seeds"] == 3
    assert table.loc["human-readers", ["n_seeds", "pcc_seed_mean", "pcc_seed_sd"]].isna().all()
    differences = difference_table(run, comparisons(run), **how)
    found = differences.query("row == @name and compared_with == @other and metric == 'mae'")
    apart = np.subtract(errors(name), errors(other))
    assert found["difference_seed_mean"].item() == pytest.approx(apart.mean())
    assert found["difference_seed_sd"].item() == pytest.approx(apart.std(ddof=1))
    publish_regression(table.reset_index(), tmp_path, NOTES)
    publish_severity(severity_table(run, **how), tmp_path, NOTES)
    publish_differences(differences, tmp_path, NOTES)
    page = (tmp_path / "whole_regression.md").read_text()
    assert f"{row['mae_seed_mean']:.2f} ± {row['mae_seed_sd']:.2f}" in page
    for name in ("whole_regression", "whole_severity", "whole_differences"):
        assert "mean ± SD over seeds" in (tmp_path / f"{name}.md").read_text()
        assert "standard deviation over 3 seeds" in (tmp_path / f"{name}.md").read_text()


def test_one_training_has_no_spread(tmp_path: Path, regression: pd.DataFrame) -> None:
    row = regression.set_index("row").loc["total-stack-batch16"]
    assert row["pcc_seed_mean"] == row["pcc"]
    assert np.isnan(row["pcc_seed_sd"])
    assert row["n_seeds"] == 1
    publish_regression(regression, tmp_path, NOTES)
    page = (tmp_path / "whole_regression.md").read_text()
    assert "One training of each experiment" in page
    assert "±" not in page


def test_time_of_an_epoch_beside_the_papers(tmp_path: Path) -> None:
    history = pd.DataFrame(
        {"epoch": [1, 2, 3], "seconds": [9.0, 2, 3], "images_per_second": [10.0, 45, 30]}
    )
    names = ["total-resnet50-mse-batch4", "total-resnet50-finetuned", "total-resnet50-mse-batch16"]
    histories = dict.fromkeys([*names, "total-resnet50-rbs1", "bone-age-resnet34"], history)
    table = time_table(histories, image_size=192, batch_factor=1, hardware="two cores")
    found = table.set_index(["cohort", "network", "batch", "freezing"])
    usual = found.loc[("whole_image", "resnet50", 4, "")]
    assert (usual["rows"], usual["epochs"], usual["seconds_per_epoch"]) == (2, 6, 3)
    assert usual["images_per_second"] == 30
    assert usual["paper_seconds_per_epoch"] == 13 * 60 + 45
    assert usual["paper_images_per_second"] == pytest.approx(2700 / 825)
    assert found["paper_seconds_per_epoch"].notna().sum() == 1
    publish_time(table, tmp_path, NOTES)
    page = (tmp_path / "whole_image_time.md").read_text()
    assert "13:45" in page
    assert "two cores" in page
    assert "RBs-1" in page
    larger = time_table(histories, image_size=192, batch_factor=8, hardware="two cores")
    assert set(larger["batch"]) == {32, 128}
    assert larger["paper_seconds_per_epoch"].isna().all()
    nothing = time_table({}, image_size=192, batch_factor=1, hardware="none")
    publish_time(nothing, tmp_path, NOTES)


def test_the_experiments_have_what_the_tables_need() -> None:
    paper = [
        experiment
        for experiment in EXPERIMENTS.values()
        if experiment.group not in ("pretraining", "further")
    ]
    assert all(reported(row.name).pcc is not None and row.label.model for row in paper)


def test_a_study_without_pairs_says_why_nothing_is_compared(
    tmp_path: Path, run: dict[str, pd.DataFrame]
) -> None:
    one = dict(list(run.items())[:1])
    table = difference_table(one, comparisons(one), data="x", seed=0, resamples=50)
    publish_differences(table, tmp_path, NOTES)
    assert "no two experiments of this study" in (tmp_path / "whole_differences.md").read_text()
