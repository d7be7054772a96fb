"""The conda environments hold what the lock holds."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.markers import Marker

ROOT = Path(__file__).parents[2]
# The lock has TensorFlow for processors; an environment without torch can have it for GPUs too.
SAME = {"tensorflow[and-cuda]": "tensorflow-cpu"}


def locked_for(python: str) -> dict[str, str]:
    """Versions that the lock has for this Python on Linux, which are not the same for every one."""
    where = {
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
    }

    def wanted(package: dict[str, Any]) -> bool:
        markers = package.get("resolution-markers", [])
        return not markers or any(Marker(marker).evaluate(where) for marker in markers)

    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    return {p["name"]: p["version"] for p in packages if "version" in p and wanted(p)}


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda path: path.stem)
def test_versions_equal_the_lock(path: Path) -> None:
    python, _, parts = yaml.safe_load(path.read_text())["dependencies"]
    locked = locked_for(python.removeprefix("python="))
    for requirement in parts["pip"]:
        name, version = requirement.split("==")
        found = locked[SAME.get(name, name)]
        assert found == version, f"{path.name}: {requirement}, the lock has {found}"


def test_every_rule_names_an_environment_that_is_there() -> None:
    for rules in (ROOT / "workflow" / "rules").rglob("*.smk"):
        for line in rules.read_text().splitlines():
            if "envs/" in line:
                assert (rules.parent / line.strip().strip('"')).resolve().is_file(), line
