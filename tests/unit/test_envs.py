"""The conda environments hold what the lock holds, and so do the images."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

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


def test_both_images_hold_the_lock_on_a_python_that_it_is_for() -> None:
    docker, apptainer = (
        re.sub(r"\\\n *", "", (ROOT / "envs" / name).read_text())
        for name in ("Dockerfile", "apptainer.def")
    )
    for step in (
        r"(?im)^from:? (.*)$",
        r"apt-get install ([\w -]*[\w-])",
        r"pip install ([\w -]*[\w-])",
        r"UV_PROJECT_ENVIRONMENT=.*uv sync .*-cache",
        r"\bPATH=\S+",
    ):
        (wanted,) = re.findall(step, docker)
        assert re.findall(step, apptainer) == [wanted]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (python,) = re.findall(r"(?m)^FROM python:([\d.]+)-", docker)
    assert python in SpecifierSet(project["project"]["requires-python"])
    # Without the group of the developers, Snakemake must be among the rest; without the code,
    # nothing may be built from it.
    assert "workflow" in project["tool"]["uv"]["default-groups"]
    assert any(name.startswith("snakemake>") for name in project["dependency-groups"]["workflow"])
    assert project["tool"]["uv"]["package"] is False
    (copied,) = re.findall(r"(?m)^COPY (.*) /opt/sharpflow/$", docker)
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for name in copied.split():
        assert (ROOT / name).is_file()
        assert f"{name} /opt/sharpflow/{name}\n" in apptainer
        assert f"!{name}" in ignored


def test_the_workflow_has_what_scoring_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    score = {
        Requirement(text).name for text in project["project"]["optional-dependencies"]["score"]
    }
    assert score <= {Requirement(text).name for text in project["dependency-groups"]["workflow"]}
