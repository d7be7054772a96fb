"""Links of the documentation lead somewhere, and what it names is there; names of rules."""

import re
from pathlib import Path

from sharpflow.anatomy import score_columns
from sharpflow.whole_image.experiments import EXPERIMENTS

ROOT = Path(__file__).parents[2]
READMES = [ROOT / "results" / "README.md", ROOT / "tests" / "README.md"]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *READMES])


def anchors(page: Path) -> set[str]:
    """The headings of a page, as GitHub writes them in links."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_lead_to_files_and_headings() -> None:
    broken = []
    for page in PAGES:
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            path, _, heading = link.partition("#")
            there = page.parent / path if path else page
            if "://" in link or (there.exists() and (not heading or heading in anchors(there))):
                continue
            broken.append(f"{page.relative_to(ROOT)}: {link}")
    assert broken == []


def test_the_list_of_experiments_is_complete() -> None:
    page = (ROOT / "docs" / "reference" / "experiments.md").read_text()
    assert set(re.findall(r"`(\w+-[\w-]+)`", page)) == set(EXPERIMENTS)


def test_the_columns_of_scores_are_those_that_are_read() -> None:
    page = (ROOT / "docs" / "how-to" / "your_own_data.md").read_text()
    columns = {
        f"{limb}_{joints}{site.strip()}"
        for left, right, scores in re.findall(r"^\| `(\w\w)`, `(\w\w)` \| (.*) \|$", page, re.M)
        for joints, sites in re.findall(r"`(\w+__)` ([^;|]+)", scores)
        for site in sites.split(",")
        for limb in (left, right)
    }
    assert columns == set(score_columns())


def test_no_two_rules_have_one_name() -> None:
    """A study with both pipelines includes all files of rules."""
    names = [
        name
        for path in (ROOT / "workflow" / "rules").rglob("*.smk")
        for name in re.findall(r"^(?:rule|use rule \w+ as) (\w+)", path.read_text(), re.M)
    ]
    assert sorted(set(names)) == sorted(names)
