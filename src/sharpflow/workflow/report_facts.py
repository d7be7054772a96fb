"""What the HTML report's captions and first page say of a study: its data, and its stages."""

import csv
import html
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from sharpflow.workflow.plan.study import StudyPlan

_SPLITS = {"train": "training", "validation": "validation", "test": "test"}
_FIRST_COMMENT = re.compile(r"\A((?:#.*\n)+)")
_BOX = (
    "border:1px solid #94a3b8;border-radius:6px;padding:4px 8px;background:#f8fafc;"
    "font-size:11px;line-height:1.35"
)
_ARROW = '<div style="text-align:center;color:#64748b;line-height:1">&#8595;</div>'


def report_facts(plan: StudyPlan, workflow_folder: str | Path) -> dict[str, str]:
    """What captions may say, under these names.

    Args:
        plan: of the study.
        workflow_folder: where workflow/rules lies.

    Returns:
        study: its name; joints, whole_image, bone_age: a sentence on the data of each cohort, with
        how many there are once the cohort is split, empty where the study has none; stages: HTML on
        one line, a box for each stage.
    """
    results = Path(plan.results)
    facts = dict.fromkeys(("joints", "whole_image", "bone_age"), "")
    if plan.joints:
        rows = _rows(results / "cohort/joints/split.csv")
        counts = _by_split(row["split"] for row in rows)
        every = f"{plan.joints.counts.cohort('joints')} radiographs of {len(rows)} patients"
        facts["joints"] = _sentence(plan.joints.data_name(), every if rows else "", counts)
    if plan.whole_image:
        for cohort in plan.whole_image.cohorts:
            rows = _rows(results / "cohort" / cohort / "split.csv")
            counts = _by_split(row["split"] for row in rows)
            patients = len({row["patient"] for row in rows})
            every = f"{len(rows)} radiographs of {patients} patients" if rows else ""
            facts[cohort] = _sentence(plan.whole_image.images.data_name(cohort), every, counts)
    rules = Path(workflow_folder) / "workflow" / "rules"
    unscored = {
        "joints": bool(plan.joints and plan.joints.unscored),
        "whole_image": bool(plan.whole_image and plan.whole_image.images.unscored("")),
    }
    lanes = [
        _lane(title, rules / folder, without=set() if unscored[folder] else {"unscored.smk"})
        for title, folder, has in (
            ("Joint pipeline (Tan et al.)", "joints", plan.joints),
            ("Whole-image pipeline (Bo et al.)", "whole_image", plan.whole_image),
        )
        if has
    ]
    stages = f'<div style="display:flex;gap:12px;align-items:flex-start">{"".join(lanes)}</div>'
    return {"study": plan.study.study, **facts, "stages": stages}


def _rows(table: Path) -> list[dict[str, str]]:
    """The rows of a table; none before it is made, or while it is being written."""
    try:
        with table.open(newline="", encoding="utf-8", errors="replace") as file:
            return [row for row in csv.DictReader(file) if row.get("split")]
    except OSError:
        return []


def _by_split(splits: Iterable[str]) -> str:
    counts = Counter(splits)
    return ", ".join(f"{counts[split]} {word}" for split, word in _SPLITS.items() if counts[split])


def _sentence(data: str, every: str, counts: str) -> str:
    """As reStructuredText, where a name's marks must stay text."""
    name = "synthetic radiographs (the phantom), of no person" if data == "phantom" else data
    name = re.sub(r"([\\*`|_])", r"\\\1", name)
    return f"Data: {name}" + (f"; {every} ({counts})." if every else ".")


def _lane(title: str, folder: Path, without: set[str]) -> str:
    """A column: a pipeline's stages from top to bottom, as its pipeline.smk lists them."""
    listed = re.findall(r'include: "(\w+\.smk)"', (folder / "pipeline.smk").read_text())
    boxes = _ARROW.join(_stage(folder / name) for name in listed if name not in without)
    heading = f'<b style="font-size:12px">{html.escape(title)}</b>'
    return f'<div style="flex:1;min-width:0">{heading}{boxes}</div>'


def _stage(file: Path) -> str:
    """The box of a stage: its name, what its file says that it does, and its rules."""
    text = file.read_text()
    steps = re.findall(r"^(?:use )?rule (\w+)(?: as (\w+) with)?:", text, re.MULTILINE)
    names = [renamed or name for name, renamed in steps]
    comment = _FIRST_COMMENT.match(text)
    about = re.sub(r"\s*\n# ?", " ", comment[1])[2:].strip() if comment else ""
    about = re.split(r"\.(?: |$)", about)[0].replace("->", "\u2192")
    title = file.stem.replace("_", " ").capitalize().replace("Unet", "U-Net")
    about = about.removeprefix(f"{title}: ")
    return (
        f'<div style="{_BOX}"><b>{html.escape(title)}</b>: {html.escape(about)}.<br>'
        f'<span style="color:#64748b">{html.escape(", ".join(names))}</span></div>'
    )
