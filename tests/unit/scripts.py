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
        return list(self)[number]
    def __iter__(self):
        for value in vars(self).values():
            yield from value if isinstance(value, list) else [value]
    def get(self, name, default=None):
        return vars(self).get(name, default)
    def items(self):
        return vars(self).items()
given = {"input": {}, "output": {}, "params": {}, "resources": {}} | json.loads(sys.argv[2])
spaces = {name: Named(**values) for name, values in given.items()}
rule, log = sys.argv[3:]
told = SimpleNamespace(rule=rule, log=[log], threads=1, **spaces)
runpy.run_path(sys.argv[1], {"snakemake": told})
"""


def run_script(name: str, results: Path, **given: Mapping[str, Any]) -> None:
    """Run a script by its name; `given` has its input, output, params and wildcards.

    Its log and its record go to the folder `results`.
    """
    (script,) = SCRIPTS.rglob(f"{name}.py")
    log = results / "logs" / f"{name}.log"
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(script), json.dumps(given), name, str(log)],
        check=False,
        env=os.environ | {"PYTHONPATH": str(SCRIPTS.parents[1] / "src")},
    )
    assert done.returncode == 0, log.read_text()
