"""Cards that travel with trained models: what they expect, what made them, what they're not for."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sharpflow.files import atomic_write
from sharpflow.research_only import not_for
from sharpflow.workflow.provenance.facts import code_version, environment


def write_model_card(
    path: str | Path,
    *,
    expects: str,
    data: str,
    data_digest: str,
    settings: Mapping[str, Any],
    metrics: Mapping[str, float],
    device: str,
    precision: str,
) -> None:
    """Write a model's card as JSON.

    Args:
        path: of the card.
        expects: what the model takes and gives, with shapes and ranges.
        data: what it was trained on: "phantom", or the cohort's name.
        data_digest: which version of that.
        settings: of network and training.
        metrics: of the validation patients that chose the model.
        device: on which it was trained, in words.
        precision: of the training's products; what "auto" became there.
    """
    facts = environment()
    card = {
        "expects": expects,
        "trained_on": data,
        "data_digest": data_digest,
        "settings": dict(settings),
        "validation": dict(metrics),
        "made_by": {
            **code_version(),
            "python": facts["python"],
            "lock": facts["lock"],
            "device": device,
            "precision": precision,
        },
        "not_for": not_for(data),
    }
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(card, indent=2) + "\n")
