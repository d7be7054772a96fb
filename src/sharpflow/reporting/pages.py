"""HTML pages in one style. They stand alone: nothing is fetched, and all text is escaped."""

import base64
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path

import pandas as pd
from jinja2 import Environment, StrictUndefined, Template
from PIL import Image

from sharpflow.files import atomic_write

RESEARCH_ONLY = "Research use only: not a medical device, not for decisions about any person."
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
td { white-space: nowrap } .text td { white-space: normal }
thead th { border-bottom: 2px solid #9aa5b1; vertical-align: bottom; font-weight: 600 }
th:first-child, td:first-child, .text th, .text td { text-align: left }
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
<div class="scroll">{{ table | safe }}</div>
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


def table_html(
    shown: pd.DataFrame,
    *,
    heading: str = "",
    notes: Sequence[str] = (),
    is_text: bool = False,
) -> str:
    """A table as HTML, with its heading above and its notes below.

    Args:
        shown: all text, as a reader sees it; columns may have two levels.
        heading: text; none if empty.
        notes: sentences below the table.
        is_text: whether its cells are sentences, which wrap, instead of numbers.
    """
    table = shown.to_html(
        index=False, escape=True, border=0, classes="text" if is_text else None, na_rep=""
    )
    return template(_TABLE).render(heading=heading, table=table, notes=list(notes))


def jpeg_uri(image: Image.Image, *, quality: int = 80) -> str:
    """An image as the address of a JPEG, to stand in a page itself."""
    written = BytesIO()
    image.convert("RGB").save(written, "JPEG", quality=quality, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(written.getvalue()).decode()}"
