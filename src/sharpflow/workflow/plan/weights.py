"""The weights that trainings begin from, as rules and tables name them."""

from pathlib import Path

from sharpflow.workflow.settings.base import Weights


def own_weights(weights: str | Weights) -> dict[str, str | None]:
    """A local weights file and its SHA-256; no file where weights are downloaded."""
    return {"file": None} if isinstance(weights, str) else weights.model_dump()


def weights_name(weights: str | Weights) -> str:
    """The word that the study has for them, or the name of its local file."""
    return weights if isinstance(weights, str) else Path(weights.file).name
