"""The configuration reference is what the models give, and config.yaml has their keys."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from sharpflow.workflow.settings import Study
from sharpflow.workflow.settings.reference import configuration_reference, sections_of

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "configuration.md"
HOW = "PYTHONPATH=src python -m sharpflow.workflow.settings.reference"


@pytest.fixture
def config() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "config.yaml").read_text())


def test_the_page_is_what_the_models_give(config: dict[str, Any]) -> None:
    assert PAGE.read_text() == configuration_reference(config), f"make it anew: {HOW} > {PAGE}"


def test_config_yaml_has_the_keys_of_the_models(config: dict[str, Any]) -> None:
    assert list(differing_keys(Study, config)) == []


def test_a_key_that_lacks_or_is_too_many_is_found(config: dict[str, Any]) -> None:
    wrong = copy.deepcopy(config)
    del wrong["standardize"]["shards"]["foot"]
    del wrong["cohorts"]["whole_image"]["columns"]["age"]
    wrong["whole_image"]["grad_cam"]["bounds"] = 3
    assert list(differing_keys(Study, wrong)) == [
        "cohorts.whole_image.columns.age",
        "standardize.shards.foot",
        "whole_image.grad_cam.bounds",
    ]


def test_a_changed_default_changes_the_page(config: dict[str, Any]) -> None:
    config["heads"]["dropout"] = 0.25
    assert "| `dropout` | number ≥ 0, < 1 | `0.25` |" in configuration_reference(config)


def test_every_key_is_described() -> None:
    bare = [
        f"{model.__name__}.{name}"
        for model in models_below(Study)
        for name, field in model.model_fields.items()
        if not (field.description or "").endswith(".")
    ]
    assert bare == []


def models_below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for section in sections_of(field):
            yield from models_below(section)


def differing_keys(model: type[BaseModel], section: dict[str, Any]) -> Iterator[str]:
    """Keys that a section of config.yaml lacks or has beside those of its model."""
    for name in [*model.model_fields, *(key for key in section if key not in model.model_fields)]:
        if name not in section or name not in model.model_fields:
            yield name
            continue
        for inner in inner_models(model, name):
            if isinstance(section[name], dict):
                yield from (f"{name}.{key}" for key in differing_keys(inner, section[name]))


def inner_models(model: type[BaseModel], name: str) -> list[type[BaseModel]]:
    field = model.model_fields[name]
    kind = field.annotation
    per_body_part = isinstance(kind, type) and issubclass(kind, BaseModel)
    return [kind] if per_body_part else list(sections_of(field))
