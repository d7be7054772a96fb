"""`snakemake rehearse` in a study on cohorts of the user's own."""

from pathlib import Path

import pandas as pd
import pytest

from tests.workflow.projects import make_whole_image_project

STUDY = """
whole_image: {experiments: [total-mobilenetv2-mse-batch4]}
rehearsal: {steps: 2, images: 2}
"""


def test_a_rehearsal_tells_what_fits_and_what_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if a scheduler gave each job the memory that it asks for.
    monkeypatch.setenv("SHARPFLOW_SUBMITTED", "1")
    monkeypatch.setenv("SHARPFLOW_GPU_OPTIONAL", "1")
    project = make_whole_image_project(tmp_path)
    with (tmp_path / "own.yaml").open("a") as own:
        own.write(STUDY)
    little = ("rehearse", "--set-resources", "rehearse_train_network:mem_mb=100")
    output = project.run(*little)
    folder = project.results / "rehearsal"
    assert f"What the study takes: {(folder / 'rehearsal.md').relative_to(tmp_path)}" in output
    table = pd.read_csv(folder / "rehearsal.csv").set_index("rule")
    assert table["fits"].to_dict() == {"train_network": False, "explain_network": True}
    trained, explained = table.loc["train_network"], table.loc["explain_network"]
    assert trained["of"] == "MobileNetV2, batch 4"
    assert trained["why_not"] == "needs more than the 0.1 GB of memory that it may take"
    assert pd.isna(trained["hours"])
    # A share of 0.3 of the 24 images is explained.
    assert explained["units"] == 7
    assert explained["hours"] == pytest.approx(7 * explained["seconds"] / 3600)
    assert 0.3 < explained["host_gb"] < 8
    page = (folder / "rehearsal.md").read_text()
    assert "no: needs more than the 0.1 GB" in page
    assert {path.suffix for path in folder.glob("rehearsal.*")} == {".csv", ".md", ".tex", ".html"}
    assert not list(folder.rglob("*.work")) + list(folder.rglob("*.began"))
    # Nothing of the study itself was made.
    made = {path.name for path in project.results.glob("[!.]*")}
    assert made == {"rehearsal", "logs", "benchmarks", "provenance", "run.json"}
    assert "Nothing to be done" in project.run(*little)
