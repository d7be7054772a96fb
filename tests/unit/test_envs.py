"""The conda environments hold what the lock holds."""

import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda path: path.stem)
def test_versions_equal_the_lock(path: Path) -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    locked = {package["name"]: package.get("version") for package in lock["package"]}
    (pip,) = (part["pip"] for part in yaml.safe_load(path.read_text())["dependencies"][2:])
    for requirement in pip:
        name, version = requirement.split("==")
        assert locked[name] == version, f"{path.name}: {requirement}, the lock has {locked[name]}"


def test_every_rule_names_an_environment_that_is_there() -> None:
    for rules in (ROOT / "workflow" / "rules").glob("*.smk"):
        for line in rules.read_text().splitlines():
            if "envs/" in line:
                assert (rules.parent / line.strip().strip('"')).resolve().is_file(), line
