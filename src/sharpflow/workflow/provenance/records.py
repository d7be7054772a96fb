"""The record that a job leaves of itself: settings, inputs, code, machine, outputs.

Records are never overwritten: a later run of the same job adds its own beside. What an older table
was made from stays known by the digests of its inputs (see `index`).
"""

import hashlib
import json
import logging
import os
import resource
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from sharpflow.files import atomic_write
from sharpflow.gpus import VISIBLE_GPUS
from sharpflow.memory import KILO, peak_memory
from sharpflow.workflow.provenance.facts import code_version, environment, gpu_names

RECORDS = Path("provenance/jobs")  # in the folder of results
RESULTS = "<results>"  # stands for that folder in records, so that two studies' can be compared
TIMESTAMP = ".snakemake_timestamp"  # Snakemake's, in folders that a finished job has made
UNREADABLE = "unreadable"
MODEL_CARD = "model_card.json"
# Params that say where a job works or which code it has, and are no settings.
NO_SETTINGS = ("code", "checkpoints", "benchmarks")

log = logging.getLogger(__name__)


class Script(Protocol):
    """What Snakemake tells a script of its job."""

    rule: str
    log: Any  # its files
    input: Any
    output: Any
    params: Any
    threads: int
    resources: Any


@contextmanager
def recorded(script: Script) -> Iterator[None]:
    """Write the record of a job whose block succeeds.

    A record that cannot be written is a warning in the log, since the outputs are made.
    """
    results, name = place(script.log[0], script.rule)
    began, clock = datetime.now(UTC), time.monotonic()
    inputs = digests(script.input, results)
    version = code_version()
    yield
    record = {
        "job": name,
        "rule": script.rule,
        "began": began.isoformat(timespec="milliseconds"),
        "ended": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "seconds": round(time.monotonic() - clock, 2),
        "memory_mb": _peak_memory(),
        "settings": settings_of(script.params, results),
        "code": {**version, "digest": script.params.get("code")},
        "environment": environment(),
        "threads": script.threads,
        "gpus": gpu_names(os.environ.get(VISIBLE_GPUS, "")),
        **_of_model(script.output),
        "inputs": inputs,
        "outputs": digests(script.output, results),
    }
    # The process's number tells apart two jobs of one name that begin at once.
    stamp = f"{began:%Y%m%dT%H%M%S%f}-{os.getpid()}.json"
    path = Path(results) / RECORDS / name / stamp
    try:
        with atomic_write(path) as temporary:
            temporary.write_text(json.dumps(record, indent=1, default=str) + "\n")
    except OSError as error:
        log.warning("no record of what made these files could be written to %s: %s", path, error)


def place(log_file: str, rule: str) -> tuple[str, str]:
    """The folder of results, and the job's name, from where its log lies.

    Raises ValueError if that is not <results>/logs/ and the rule's name, as every rule has it.
    """
    results, found, rest = log_file.rpartition(f"/logs/{rule}")
    if not found:
        raise ValueError(f"{log_file}: expected the log at <results>/logs/{rule}")
    return results, rule + rest.removesuffix(".log")


def digests(paths: Any, results: str) -> dict[str, str]:
    """SHA-256 of files, and of folders with all that is in them."""
    return {short(str(path), results): digest_of_path(Path(str(path))) for path in paths}


def digest_of_path(path: Path) -> str:
    """SHA-256 of a file's content; of a folder, of its files' names and contents.

    "unreadable" where it cannot be read, which is for the checks to say.
    """
    if not path.is_dir():
        try:
            with path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError:
            return UNREADABLE
    total = hashlib.sha256()
    files = (file for file in path.rglob("*") if file.is_file() and file.name != TIMESTAMP)
    for file in sorted(files):
        total.update(os.fsencode(file.relative_to(path)) + b"\0")
        total.update(digest_of_path(file).encode())
    return total.hexdigest()


def settings_of(params: Any, results: str) -> dict[str, Any]:
    """A rule's params, but for its code and where it works, as JSON has them."""
    values = {key: value for key, value in params.items() if key not in NO_SETTINGS}
    plain: dict[str, Any] = _shortened(json.loads(json.dumps(values, default=str)), results)
    return plain


def short(path: str, results: str) -> str:
    """A path with `<results>` in place of the folder of results."""
    if path == results or path.startswith(f"{results}/"):
        return RESULTS + path.removeprefix(results)
    return path


def _shortened(value: Any, results: str) -> Any:
    if isinstance(value, str):
        return short(value, results)
    if isinstance(value, Mapping):
        return {key: _shortened(each, results) for key, each in value.items()}
    return [_shortened(each, results) for each in value] if isinstance(value, list) else value


def _of_model(outputs: Any) -> dict[str, Any]:
    """Device and precision, which a model's card tells where the job has trained one."""
    cards = [Path(str(path)) for path in outputs if Path(str(path)).name == MODEL_CARD]
    made_by = json.loads(cards[0].read_text()).get("made_by", {}) if cards else {}
    return {key: made_by.get(key) for key in ("device", "precision")}


def _peak_memory() -> float:
    """The most memory that this process, or one that it started, has had; MB."""
    children = KILO * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return round(max(peak_memory(), children) / KILO**2, 1)
