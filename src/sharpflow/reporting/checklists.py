"""The items of CLAIM and TRIPOD+AI, in our words, filled in with what a study knows.

Versions: of CLAIM the update of 2024 with 44 items, not the 42 items of 2020; of TRIPOD+AI the 27
items of 2024, 52 with their parts. Numbers and topics were compared with the sources named below,
since the articles themselves could not be read. The published wording counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sharpflow.files import atomic_write
from sharpflow.reporting.pages import table_html, write_page
from sharpflow.reporting.tables import to_markdown

FOR_AUTHOR = "For the author:"
_TITLE = "Reporting checklists: CLAIM and TRIPOD+AI"


@dataclass(frozen=True)
class _Source:
    """Where a checklist was published, and what our items were compared with."""

    article: str
    compared_with: str


_SOURCES = {
    "CLAIM 2024": _Source(
        "Tejani et al., Radiology: Artificial Intelligence 2024;6(4):e240300, "
        "doi:10.1148/ryai.240300",
        "the companion site of the checklist's authors, rsna.github.io/claim",
    ),
    "TRIPOD+AI": _Source(
        "Collins et al., BMJ 2024;385:e078378, doi:10.1136/bmj-2023-078378",
        "two public copies of its table, which agree",
    ),
}


def checklist_items() -> pd.DataFrame:
    """All items: checklist, item, section, topic, facts (names of `study_facts`), author."""
    return pd.read_csv(Path(__file__).with_suffix(".csv"), dtype=str, keep_default_na=False)


def filled_in(facts: Mapping[str, str]) -> pd.DataFrame:
    """The items with what the study says of each.

    Args:
        facts: from `study_facts`.

    Returns:
        checklist, item, section, topic, answer, author: what is left for the author, or blank.
    """
    items = checklist_items()
    answers = [
        " ".join(filter(None, (facts[name] for name in names.split()))) for names in items["facts"]
    ]
    # An item of which the study turned out to know nothing is the author's.
    author = [
        own or ("" if answer else "Fill it in.")
        for own, answer in zip(items["author"], answers, strict=True)
    ]
    return items.assign(answer=answers, author=author).drop(columns="facts")


def write_checklists(path: str | Path, items: pd.DataFrame) -> None:
    """Write the sheet as a page, and beside it as Markdown to go on writing in.

    Args:
        path: of the .html file; the other has the suffix .md.
        items: from `filled_in`.
    """
    page, text = [], []
    for name, source in _SOURCES.items():
        own = items[items["checklist"] == name]
        shown = pd.DataFrame(
            {
                "Item": own["item"],
                "Section": own["section"],
                "Topic": own["topic"],
                "From this study": own["answer"],
                "Left for the author": [f"{FOR_AUTHOR} {a}" if a else "" for a in own["author"]],
            }
        )
        done = int((own["author"] == "").sum())
        notes = [
            f"{done} of {len(own)} items are filled in, {len(own) - done} are left for the author, "
            "in whole or in part.",
            f"Items in our words, after {source.article}. Their numbers and topics were compared "
            f"with {source.compared_with}, not with the article. The published checklist's own "
            "wording counts.",
        ]
        page.append(table_html(shown, heading=name, notes=notes))
        text.append(to_markdown(shown, caption=name, notes=notes))
    write_page(path, _TITLE, "\n".join(page))
    with atomic_write(Path(path).with_suffix(".md")) as temporary:
        temporary.write_text("\n".join(text), encoding="utf-8", errors="backslashreplace")
