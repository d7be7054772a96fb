"""HTML pages in one style. They stand alone: nothing is fetched, and all text is escaped."""

import base64
import re
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from itertools import groupby
from pathlib import Path

import pandas as pd
from jinja2 import Environment, StrictUndefined, Template
from PIL import Image

from sharpflow.files import atomic_write
from sharpflow.research_only import RESEARCH_ONLY

# A browser that opens a page may fetch nothing, whatever its text holds.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
body { font: 13px/1.45 system-ui, sans-serif; color: #1f2933; background: #fff;
  margin: 1.2em 1.6em }
h1 { font-size: 1.35em; margin: 0 0 .4em } h2 { font-size: 1.1em; margin: 1.5em 0 .4em }
p, ul { max-width: 62em } ul { padding-left: 1.3em } li { margin: .15em 0 }
.scroll { overflow-x: auto; margin: .6em 0 }
table { border-collapse: collapse } caption { text-align: left; color: #52606d }
th, td { padding: .28em .55em; text-align: right; vertical-align: top;
  border-bottom: 1px solid #e4e7eb; font-variant-numeric: tabular-nums }
thead th { border-bottom: 2px solid #9aa5b1; vertical-align: bottom; font-weight: 600 }
th:first-child, td:first-child, .text { text-align: left }
thead tr:not(:last-child) th { text-align: center; border-bottom: 1px solid #cbd2d9 }
tbody tr:hover { background: #f5f7fa } img { max-width: 100%; height: auto }
.note { color: #52606d; font-size: .92em }
.research { border-left: 4px solid #d64545; padding: .2em .8em; background: #fff5f5 }
@media print { body { margin: 0 } .scroll { overflow: visible } }
"""
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<title>{{ title }}</title>
<style>{{ style | safe }}</style>
</head>
<body>
<h1>{{ title }}</h1>
{{ body | safe }}
<p class="note">{{ research_only }}</p>
</body>
</html>
"""
_TABLE = """
{%- if heading %}<h2>{{ heading }}</h2>
{% endif -%}
<div class="scroll"><table>
<thead>
{%- for headings in head %}
<tr>
{%- for text, span, is_text in headings %}
<th{% if span > 1 %} colspan="{{ span }}"{% endif %}{% if is_text %} class="text"{% endif %}>
{{- text }}</th>
{%- endfor %}
</tr>
{%- endfor %}
</thead>
<tbody>
{%- for cells in rows %}
<tr>
{%- for text, is_text in cells %}<td{% if is_text %} class="text"{% endif %}>{{ text }}</td>
{%- endfor %}</tr>
{%- endfor %}
</tbody></table></div>
{%- if notes %}
<ul class="note">
{%- for note in notes %}
<li>{{ note }}</li>
{%- endfor %}
</ul>
{%- endif %}
"""


@cache
def template(source: str) -> Template:
    """A Jinja template that escapes what it is given, and fails on what it is not given."""
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(source)


def write_page(path: str | Path, title: str, body: str, *, style: str = "") -> None:
    """Write an HTML page.

    Args:
        path: of the file.
        title: text, as heading too.
        body: HTML, its text escaped.
        style: CSS beside that of all pages.
    """
    page = template(_PAGE).render(
        title=title,
        body=body,
        style=_STYLE + style,
        policy=_POLICY,
        research_only=RESEARCH_ONLY,
    )
    with atomic_write(path) as temporary:
        temporary.write_text(page, encoding="utf-8", errors="backslashreplace", newline="\n")


def table_html(shown: pd.DataFrame, *, heading: str = "", notes: Sequence[str] = ()) -> str:
    """A table as HTML, with its heading above and its notes below.

    Args:
        shown: all text, as a reader sees it; columns may have two levels.
        heading: text; none if empty.
        notes: sentences below the table.
    """
    columns = [name if isinstance(name, tuple) else (name,) for name in shown.columns]
    is_text = [not all(map(_is_number, shown.iloc[:, number])) for number in range(len(columns))]
    levels = list(zip(*columns, strict=True))
    rows = [
        [(_bound(str(cell)), text) for cell, text in zip(row, is_text, strict=True)]
        for row in shown.itertuples(index=False)
    ]
    return template(_TABLE).render(
        heading=heading,
        head=[_joined(level) for level in levels[:-1]]
        + [[(text, 1, left) for text, left in zip(levels[-1], is_text, strict=True)]],
        rows=rows,
        notes=list(notes),
    )


def _joined(headings: Sequence[str]) -> list[tuple[str, int, bool]]:
    """Each heading once, with the number of columns that share it."""
    groups = [(text, len(list(same))) for text, same in groupby(headings)]
    return [(text, span, False) for text, span in groups]


def _is_number(text: object) -> bool:
    """Whether a cell is a number, its interval or nothing, which stand at the right."""
    return re.match(r"[\d\s–+±.-]|$", str(text)) is not None


def _bound(text: str) -> str:
    """A number's interval is not broken over lines."""
    return (
        re.sub(r"\([^()]*\)", lambda found: found[0].replace(" ", "\u00a0"), text)
        if _is_number(text)
        else text
    )


def picture_uri(image: Image.Image, *, quality: int = 80) -> str:
    """An image as the address of a WebP, to stand in a page itself; a third smaller than a JPEG."""
    written = BytesIO()
    image.convert("RGB").save(written, "WEBP", quality=quality)
    return f"data:image/webp;base64,{base64.b64encode(written.getvalue()).decode()}"
