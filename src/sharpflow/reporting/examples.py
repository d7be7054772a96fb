"""Pages of a few radiographs on which a stage went well, typically and badly."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from sharpflow.anatomy import LIMBS, Damage
from sharpflow.imaging.shards import read_shards
from sharpflow.joints.masks.contact_sheet import draw_tile
from sharpflow.joints.scoring.scores import SCORED
from sharpflow.reporting.overlays import label_radiograph, part_sentences
from sharpflow.reporting.pages import picture_uri, template, write_page
from sharpflow.reporting.tables import LIMB_NAMES

ImageOf = Callable[[str], NDArray[np.uint8]]
PLACES = ("good", "typical", "worst")
_THUMBNAIL = 260  # pixels, height of a radiograph with its mask
_HEIGHT = 1000  # pixels, of a labelled radiograph
_STYLE = """
figure { margin: 0 0 1.2em } figcaption { color: #52606d; margin-bottom: .2em }
.tiles { display: flex; flex-wrap: wrap; gap: .5em 1.2em } .tiles img { display: block }
"""
_BODY = """
<p>{{ about }}</p>
<p class="note">{{ note }}</p>
{%- for group in groups %}
<h2>{{ group.heading }}</h2>
{%- if not group.pictures %}
<p>There are none.</p>
{%- endif %}
<div class="{{ 'tiles' if group.is_small else 'column' }}">
{%- for picture in group.pictures %}
<figure><figcaption>{{ picture.caption }}</figcaption>
<img alt="{{ picture.caption }}" src="{{ picture.uri }}"></figure>
{%- endfor %}
</div>
{%- endfor %}
"""


@dataclass(frozen=True)
class Picture:
    """An image and what stands above it."""

    caption: str
    uri: str


@dataclass(frozen=True)
class Group:
    """Pictures under a heading, beside each other if they are small."""

    heading: str
    pictures: Sequence[Picture]
    is_small: bool = False


def choose_examples(ranked: Sequence[str], each: int) -> dict[str, list[str]]:
    """The first of a ranking as "good", its middle as "typical", its end as "worst".

    Args:
        ranked: the best first.
        each: how many of each; fewer where there are fewer than three times as many. None is chosen
            twice.
    """
    each = min(each, len(ranked) // 3) or bool(ranked)
    first, last = list(ranked[:each]), list(ranked[each:][-each:]) if each else []
    rest = ranked[each : len(ranked) - len(last)]
    start = max(0, (len(rest) - each) // 2)
    return dict(zip(PLACES, (first, list(rest[start : start + each]), last[::-1]), strict=True))


def write_examples(
    path: str | Path, title: str, *, about: str, note: str, groups: Sequence[Group]
) -> None:
    """Write a page of examples.

    Args:
        path: of the HTML file.
        title: of the page.
        about: a sentence on how they were chosen.
        note: on the data.
        groups: in order.
    """
    body = template(_BODY).render(about=about, note=note, groups=groups)
    write_page(path, title, body, style=_STYLE)


def images_by_id(shards: Sequence[str]) -> ImageOf:
    """What gives a radiograph, or a mask, of these shards (.npy) by its image_id."""
    images, rows = read_shards(shards)
    number = {image_id: index for index, image_id in enumerate(rows["image_id"])}
    return lambda image_id: images[number[image_id]]


def mask_group(
    heading: str,
    rows: Sequence[Mapping[str, Any]],
    image_of: ImageOf,
    mask_of: ImageOf,
    *,
    each: int = 3,
    places: Sequence[str] = PLACES,
) -> Group:
    """Radiographs with the outlines of their masks.

    Args:
        heading: of the group.
        rows: of the radiographs as for `draw_contact_sheet`, the best mask first.
        image_of: image_id -> uint8 (height, width).
        mask_of: likewise.
        each: how many of each place.
        places: what the beginning, the middle and the end of `rows` are called.
    """
    by_id = {str(row["image_id"]): row for row in rows}
    pictures = []
    for place, ids in zip(places, choose_examples(list(by_id), each).values(), strict=True):
        for image_id in ids:
            tile = draw_tile(image_of(image_id), mask_of(image_id), by_id[image_id], _THUMBNAIL)
            uri = picture_uri(Image.fromarray(tile[..., ::-1]))
            pictures.append(Picture(place.capitalize(), uri))
    return Group(heading, pictures, is_small=True)


def labelled_groups(
    ranked: pd.DataFrame,
    joints: pd.DataFrame,
    radiographs: pd.DataFrame,
    shards: Sequence[str],
    *,
    body_parts: Sequence[str],
    note: str,
    has_scores: bool,
) -> list[Group]:
    """One radiograph of each place, labelled, for each body part.

    Args:
        ranked: image_id, limb and `why` (text), the best first.
        joints: of these or more, as `score_joints` returns them.
        radiographs: image_id and the columns that `part_sentence` reads, of these or more.
        shards: the radiographs (.npy).
        body_parts: "hand", "foot" or both, in the order to show.
        note: as for `label_radiograph`.
        has_scores: likewise.
    """
    image_of, sentences = images_by_id(shards), part_sentences(radiographs)
    part_of = ranked["limb"].map(lambda limb: LIMBS[limb].body_part)
    return [
        _labelled_group(
            ranked[part_of == part],
            joints,
            sentences,
            image_of,
            heading=LIMB_NAMES[part],
            note=note,
            has_scores=has_scores,
        )
        for part in body_parts
    ]


def _labelled_group(
    ranked: pd.DataFrame,
    joints: pd.DataFrame,
    sentences: Mapping[str, str],
    image_of: ImageOf,
    *,
    heading: str,
    note: str,
    has_scores: bool,
) -> Group:
    reasons = dict(zip(ranked["image_id"], ranked["why"], strict=True))
    pictures = []
    for place, ids in choose_examples(list(reasons), 1).items():
        for image_id in ids:
            labelled = Image.fromarray(
                label_radiograph(
                    image_of(image_id),
                    joints[joints["image_id"] == image_id],
                    note=note,
                    part=sentences[image_id],
                    has_scores=has_scores,
                )
            )
            labelled.thumbnail((labelled.width, _HEIGHT), Image.Resampling.LANCZOS)
            caption = f"{place.capitalize()}: {reasons[image_id]}"
            pictures.append(Picture(caption, picture_uri(labelled, quality=75)))
    return Group(heading, pictures)


def rank_detections(radiographs: pd.DataFrame) -> pd.DataFrame:
    """Radiographs by what was found: the share of joints, then the least confidence.

    Args:
        radiographs: image_id, limb, joints, joints_expected, lowest_confidence.

    Returns:
        image_id, limb, why; the best first.
    """
    table = radiographs.assign(share=radiographs["joints"] / radiographs["joints_expected"])
    table = table.sort_values(
        ["share", "lowest_confidence", "image_id"], ascending=[False, False, True]
    )
    why = [
        f"{row['joints']} of {row['joints_expected']} joints named"
        + (
            f", the least sure with a confidence of {row['lowest_confidence']:.2f}"
            if pd.notna(row["lowest_confidence"])
            else ""
        )
        for _, row in table.iterrows()
    ]
    return table[["image_id", "limb"]].assign(why=why)


def rank_scores(joints: pd.DataFrame) -> pd.DataFrame:
    """Radiographs by the mean error of their scored joints.

    Args:
        joints: scores/joints.csv.

    Returns:
        image_id, limb, why; the best first. Radiographs without a joint that has a true and a
        predicted score are left out.
    """
    scored = joints[joints["state"] == SCORED]
    errors = pd.concat(
        [
            scored[["image_id", "limb"]].assign(
                error=(scored[f"{damage}_predicted"] - scored[f"{damage}_true"]).abs()
            )
            for damage in Damage
        ]
    ).dropna()
    means = errors.groupby(["image_id", "limb"])["error"].agg(["mean", "size"]).reset_index()
    means = means.sort_values(["mean", "image_id"])
    why = [
        f"wrong by {row['mean']:.2f} points on average, over {row['size']} scores"
        for _, row in means.iterrows()
    ]
    return means[["image_id", "limb"]].assign(why=why)
