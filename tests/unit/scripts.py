"""A workflow script run as Snakemake runs it, without Snakemake."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"
# Snakemake's part: a script finds its inputs, outputs and settings in a global.
RUN = """
import json, runpy, sys
from types import SimpleNamespace
class Named(SimpleNamespace):
    def __getitem__(self, number):
        return list(vars(self).values())[number]
given = json.loads(sys.argv[2])
spaces = {name: Named(**values) for name, values in given.items()}
runpy.run_path(sys.argv[1], {"snakemake": SimpleNamespace(log=[sys.argv[3]], **spaces)})
"""


def run_script(name: str, log: Path, **given: Mapping[str, Any]) -> None:
    """Run a script by its name; `given` has its input, output, params and wildcards."""
    (script,) = SCRIPTS.rglob(f"{name}.py")
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(script), json.dumps(given), str(log)],
        check=False,
        env=os.environ | {"PYTHONPATH": str(SCRIPTS.parents[1] / "src")},
    )
    assert done.returncode == 0, log.read_text()
