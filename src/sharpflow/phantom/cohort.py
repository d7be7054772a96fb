"""A cohort of drawn films in the RA2-DREAM layout, with the truth beside it."""

import logging
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from sharpflow.anatomy import ALL_SITES, DETECTED_JOINTS, LIMBS, Damage, LimbKind, Side
from sharpflow.files import whole, write_table
from sharpflow.phantom.feet import build_foot, draw_foot_pose
from sharpflow.phantom.film import Exposure, Marker, draw_exposure, expose, finish
from sharpflow.phantom.hands import LimbScores, build_hand, draw_hand_pose
from sharpflow.phantom.limb import Limb, Person, draw_person
from sharpflow.phantom.placement import Placement, box_of, place_limb
from sharpflow.phantom.render import trace
from sharpflow.phantom.severity import Scores, draw_scores
from sharpflow.seeds import seed_for

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

MIRRORED = 0.065  # share of films that lie the wrong way round
JPEG_QUALITY = 92


def draw_joint_cohort(
    folder: Path, *, patients: int, seed: int, height: int, workers: int, severity: float = 1.0
) -> None:
    """Write films, scores, boxes and truth of `patients` patients into `folder`.

    `height` is the nominal height of a film in pixels; sizes vary by about 14% around it.
    `severity` scales how much damage the cohort has. The same arguments give the same bytes,
    whatever the number of workers.
    """
    import pandas as pd

    names = [f"UAB{number:03d}" for number in range(1, patients + 1)]
    for part in ("films", "boxes", "truth/masks"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    tasks = [(folder, name, seed, height, severity) for name in names]
    films: list[dict[str, Any]] = []
    joints: list[dict[str, Any]] = []
    scores: list[dict[str, Any]] = []
    for number, (film_rows, joint_rows, score_rows) in enumerate(_map(tasks, workers), 1):
        films += film_rows
        joints += joint_rows
        scores += score_rows
        if number % 16 == 0 or number == patients:
            logger.info("drew %d of %d patients", number, patients)
    write_table(pd.DataFrame(films), folder / "truth" / "films.csv")
    write_table(pd.DataFrame(joints), folder / "truth" / "joints.csv")
    _write_scores(folder / "scores.csv", pd.DataFrame(scores))


Task = tuple[Path, str, int, int, float]
Rows = list[dict[str, Any]]


def _map(tasks: list[Task], workers: int) -> Any:
    if workers <= 1:
        yield from map(_draw_patient, tasks)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_draw_patient, tasks, chunksize=1)


def _write_scores(path: Path, scores: "pd.DataFrame") -> None:
    from sharpflow.cohort.scores import write_scores

    write_scores(path, scores)


def _draw_patient(task: Task) -> tuple[Rows, Rows, Rows]:
    folder, patient, seed, height, severity = task
    cv2.setNumThreads(1)
    scores = draw_scores(patient, seed, severity=severity)
    person = draw_person(np.random.default_rng(seed_for(seed, "person", patient)))
    films: Rows = []
    joints: Rows = []
    for code in LIMBS:
        drawn = draw_film(code, person, scores, seed=seed, patient=patient, height=height)
        films.append(drawn.row)
        joints += drawn.joints
        _save(folder, drawn)
    rows: Rows = [
        {"patient": patient, "limb": limb, "joint": joint, "damage": str(damage), "score": score}
        for (limb, joint, damage), score in scores.items()
    ]
    return films, joints, rows


@dataclass
class DrawnFilm:
    """One film with its truth."""

    image: np.ndarray
    mask: np.ndarray
    row: dict[str, Any]
    joints: Rows


def build_limb(
    kind: LimbKind, person: Person, scores: LimbScores, rng: np.random.Generator
) -> tuple[Limb, dict[str, float], float]:
    """A limb in a drawn pose: the limb, the pose as columns, its tilt out of the film."""
    total = sum(scores.narrowing.values()) + sum(scores.erosion.values())
    sites = len(scores.narrowing) + len(scores.erosion) or 1
    bad = total / sites  # mean score a site
    drift = float(max(0.0, bad - 0.5) * 9 * abs(rng.normal(0.8, 0.5)))
    if kind is LimbKind.HAND:
        hand = draw_hand_pose(rng, min(drift, 30))
        limb = build_hand(person, hand, scores, rng)
        pose = {"spread": hand.spread, "ulnar_drift": hand.ulnar_drift, "tilt": hand.tilt,
                "flexion": max(hand.flexion)}  # fmt: skip
        return limb, pose, hand.tilt
    foot = draw_foot_pose(rng, min(drift, 30))
    limb = build_foot(person, foot, scores, rng)
    pose = {"spread": foot.spread, "ulnar_drift": 0.0, "tilt": foot.tilt,
            "flexion": max(foot.flexion)}  # fmt: skip
    return limb, pose, foot.tilt


def draw_film(
    code: str, person: Person, scores: Scores, *, seed: int, patient: str, height: int
) -> DrawnFilm:
    """One limb of a patient on one film."""
    rng = np.random.default_rng(seed_for(seed, "film", patient, code))
    kind, side = LIMBS[code].kind, LIMBS[code].side
    of_limb = LimbScores(
        {j: s for (c, j, d), s in scores.items() if c == code and d is Damage.EROSION},
        {j: s for (c, j, d), s in scores.items() if c == code and d is Damage.NARROWING},
    )
    limb, pose, tilt = build_limb(kind, person, of_limb, rng)
    mirrored = bool(rng.random() < MIRRORED)
    placement = place_limb(limb, side=side, mirrored=mirrored, height=height, rng=rng, tilt=tilt)
    view = placement.view
    exposure = draw_exposure(rng, view.height, view.width)
    rays = trace(limb, view)
    exposure = fit_range(exposure, kind)
    grey = expose(rays, exposure, mm_per_pixel=view.mm_per_pixel, rng=rng)
    marker = _draw_marker(side, mirrored, exposure, rays.inside, rng)
    image = finish(grey, exposure, marker)
    mask = np.where(rays.inside >= 0.5, 255, 0).astype(np.uint8)
    image_id = f"{patient}-{code}"
    row = {
        "image_id": image_id, "patient": patient, "limb": code, "side": str(side),
        "mirrored": mirrored, "height": view.height, "width": view.width,
        "mm_per_pixel": view.mm_per_pixel, "rotation": placement.rotation, **pose,
        "brightness": exposure.brightness, "background": exposure.background,
        "range": exposure.range, "gamma": exposure.gamma, "noise": exposure.noise,
        "blur_mm": exposure.blur, "border": any(exposure.border),
    }  # fmt: skip
    return DrawnFilm(image, mask, row, _joint_rows(image_id, kind, limb, placement, of_limb, rng))


def fit_range(exposure: Exposure, kind: LimbKind) -> Exposure:
    """Feet are thicker: their films are exposed longer."""
    from dataclasses import replace

    return exposure if kind is LimbKind.HAND else replace(exposure, range=exposure.range * 1.35)


def _joint_rows(
    image_id: str, kind: LimbKind, limb: Limb, placement: Placement, scores: LimbScores,
    rng: np.random.Generator,
) -> Rows:  # fmt: skip
    rows: Rows = []
    size = placement.view.mm_per_pixel
    for site in ALL_SITES[kind]:
        x, y, x_min, y_min, x_max, y_max = box_of(limb, site.name, placement.view, rng)
        gap = limb.sites[site.name].gap * limb.scale
        rows.append({
            "image_id": image_id, "joint": site.name, "class": site.detector_class,
            "x": x, "y": y, "x_min": x_min, "y_min": y_min, "x_max": x_max, "y_max": y_max,
            "gap_mm": gap, "gap_px": gap / size,
            "erosion": scores.erosion.get(site.name), "narrowing": scores.narrowing.get(site.name),
        })  # fmt: skip
    return rows


def _draw_marker(
    side: Side, mirrored: bool, exposure: Exposure, inside: np.ndarray, rng: np.random.Generator
) -> Marker | None:
    """A side marker away from the limb, if a place is free."""
    if rng.random() < 0.12:
        return None
    height, width = inside.shape
    size = int(height * rng.uniform(0.045, 0.085))
    letters = "".join(rng.choice(list("ABCDEFGHJKMNPRSTVW"), rng.integers(2, 4)))
    lines = ("L" if side is Side.LEFT else "R",) + ((letters,) if rng.random() < 0.7 else ())
    value = int(min(255, exposure.brightness * rng.uniform(0.95, 1.3)))
    room = int(size * 1.5 * (1 + 0.6 * (len(lines) - 1)))
    for _ in range(30):
        x = int(rng.integers(-room // 5, max(1, width - room)))
        y = int(rng.integers(0, max(1, height - room)))
        if not inside[max(0, y) : y + room, max(0, x) : x + room].any():
            plate = int(exposure.brightness * rng.choice([0, rng.uniform(0.04, 0.2)]))
            turn = float(rng.normal(0, 12))
            return Marker(lines, x, y, size, value, turn, plate)
    return None


def _save(folder: Path, film: DrawnFilm) -> None:
    import pandas as pd

    from sharpflow.cohort.boxes import write_voc

    image_id = film.row["image_id"]
    with whole(folder / "films" / f"{image_id}.jpg") as path:
        cv2.imwrite(str(path), film.image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    with whole(folder / "truth" / "masks" / f"{image_id}.png") as path:
        cv2.imwrite(str(path), film.mask)
    kind = LIMBS[film.row["limb"]].kind
    named = {joint.name for joint in DETECTED_JOINTS[kind]}
    boxes = pd.DataFrame([row for row in film.joints if row["joint"] in named])
    boxes = boxes[["class", "x_min", "y_min", "x_max", "y_max"]]
    write_voc(folder / "boxes" / f"{image_id}.xml", image_id, film.image.shape[:2], boxes)
