"""How many entropy masks were chosen to train the U-Nets, beside the paper."""

import pandas as pd

from sharpflow.anatomy import BodyPart
from sharpflow.papers.tan_numbers import CHOSEN_MASKS, RADIOGRAPHS


def mask_yield(chosen: pd.DataFrame, *, data: str) -> pd.DataFrame:
    """tables/mask_yield.csv: chosen entropy masks among all radiographs, beside the paper's.

    Args:
        chosen: a row a radiograph: image_id, body_part, proposed (bool), chosen (bool), chosen_by
            ("quality" or "person").
        data: "phantom" or the cohort's name.

    Returns:
        limb, data, radiographs, proposed, chosen, overruled (by a person), share (chosen of
        radiographs), paper_radiographs, paper_chosen, paper_share; a row for each body part that
        has radiographs.
    """
    rows = []
    for limb in [str(part) for part in BodyPart if part in set(chosen["body_part"])]:
        radiographs = chosen[chosen["body_part"] == limb]
        n_chosen = int(radiographs["chosen"].sum())
        rows.append(
            {
                "limb": limb,
                "data": data,
                "radiographs": len(radiographs),
                "proposed": int(radiographs["proposed"].sum()),
                "chosen": n_chosen,
                "overruled": int((radiographs["chosen"] != radiographs["proposed"]).sum()),
                "share": n_chosen / len(radiographs),
                "paper_radiographs": RADIOGRAPHS,
                "paper_chosen": CHOSEN_MASKS[limb],
                "paper_share": CHOSEN_MASKS[limb] / RADIOGRAPHS,
            }
        )
    return pd.DataFrame(rows)
