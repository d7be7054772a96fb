"""A page's table of joints: a line a joint, a cell a visit."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from sharpflow.anatomy import DETECTED_JOINTS, LIMBS, MAX_SCORE, Damage
from sharpflow.reporting.names import limb_name
from sharpflow.reporting.overlays import SCORE_COLOURS, score_share

# Takes grid, grid_visits and last_heading; a cell has last and last_class, of the third column.
GRID_TABLE = """<div class="scroll"><table class="grid">
<thead>
<tr><th></th><th></th>
{%- for visit in grid_visits %}<th class="first" colspan="3">Visit {{ visit }}</th>{% endfor %}</tr>
<tr><th>Limb</th><th>Joint</th>
{%- for visit in grid_visits %}<th class="first">Erosion</th><th>Narrowing</th>
<th>{{ last_heading }}</th>
{%- endfor %}</tr>
</thead>
<tbody>
{%- for row in grid %}
<tr{% if row.is_first %} class="wide"{% endif %}>
<td class="limb">{{ row.limb if row.is_first else '' }}</td><td>{{ row.joint }}</td>
{%- for cell in row.cells %}
{%- if cell.absent %}<td class="first note" colspan="3">no radiograph</td>
{%- else %}
<td class="first" style="{{ cell.erosion.style }}">{{ cell.erosion.text }}</td>
<td style="{{ cell.narrowing.style }}">{{ cell.narrowing.text }}</td>
<td{% if cell.last_class %} class="{{ cell.last_class }}"{% endif %}>{{ cell.last }}</td>
{%- endif %}
{%- endfor %}
</tr>
{%- endfor %}
</tbody></table></div>
"""


def joint_grid(
    joints: pd.DataFrame,
    visits: Sequence[str],
    limbs: Sequence[str],
    cell: Callable[["pd.Series[Any]"], dict[str, Any]],
) -> list[dict[str, Any]]:
    """The lines, as page templates take them; joints of which no visit has a row are left out.

    Args:
        joints: visit, limb, joint and what `cell` takes, of one patient.
        visits: in the order of the columns.
        limbs: codes, in the order of the lines.
        cell: what a row of `joints` shows.

    Returns:
        limb, joint, is_first (of the limb) and cells, each with "absent": whether the visit has no
        radiograph of it.
    """
    by_place = {(row["visit"], row["limb"], row["joint"]): row for _, row in joints.iterrows()}
    lines = []
    for code in limbs:
        names = [joint.name for joint in DETECTED_JOINTS[LIMBS[code].body_part]]
        names = [name for name in names if any((v, code, name) in by_place for v in visits)]
        for number, name in enumerate(names):
            rows = (by_place.get((visit, code, name)) for visit in visits)
            lines.append(
                {
                    "limb": limb_name(code),
                    "joint": name,
                    "is_first": number == 0,
                    "cells": [
                        {"absent": True} if row is None else {"absent": False} | cell(row)
                        for row in rows
                    ],
                }
            )
    return lines


def score_style(row: "pd.Series[Any]", damage: Damage) -> str:
    """The CSS that colours a joint's predicted score; empty where it has none."""
    share = score_share(row, damage, LIMBS[row["limb"]].body_part)
    if share is None:
        return ""
    red, green, blue = SCORE_COLOURS[share]
    return f"background: rgb({red} {green} {blue} / 35%)"


def score_ranges(limbs: Sequence[str]) -> str:
    """What the scores of the limbs' joints can be: "hand: erosion 0 to 5, narrowing 0 to 4"."""
    parts = dict.fromkeys(LIMBS[code].body_part for code in limbs)
    return "; ".join(
        f"{part}: " + ", ".join(f"{damage} 0 to {MAX_SCORE[part, damage]}" for damage in Damage)
        for part in parts
    )
