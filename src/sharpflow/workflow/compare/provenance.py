"""What was different when two runs made their tables: settings, code, data, machine, packages."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sharpflow.errors import UserError
from sharpflow.workflow.provenance.index import INDEX

KEPT = "provenance.json"  # of reference tables: what `in_brief` gives
_SHOWN = 60  # characters of a value
_LONG = 200  # characters from which a setting is kept by its digest
_RULES = 4  # named in a line; there are dozens

Brief = dict[str, Any]


def read_brief(folder: str | Path) -> Brief | None:
    """What made the tables of a folder of results, or of reference tables; None if none is there.

    Raises UserError if it cannot be read.
    """
    folder = Path(folder)
    for path in (folder / KEPT, folder / INDEX):
        if path.is_file():
            try:
                found = json.loads(path.read_text(encoding="utf-8"))
                return dict(found) if path.name == KEPT else in_brief(found)
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                raise UserError(
                    f"{path}: cannot be read as what made these tables ({error}). Write it anew: "
                    f"python -m sharpflow.workflow.provenance.index {folder}"
                ) from None
    return None


def in_brief(index: Mapping[str, Any]) -> Brief:
    """What can differ between two runs, of an index."""
    jobs = sorted(index["jobs"].values(), key=lambda job: job["began"])
    return {
        "commits": _different(_commit(facts) for facts in index["codes"].values()),
        "code": _by_rule(jobs, lambda job: {"": job["code_digest"]}),
        "settings": _by_rule(jobs, lambda job: _flat(job["settings"])),
        "data": _data(index["results"].values()),
        "processors": _different(each["processor"] for each in index["environments"].values()),
        "gpus": _different(gpu for job in jobs for gpu in job["gpus"] or ()),
        "systems": _different(each["system"] for each in index["environments"].values()),
        "threads": _different(job["threads"] for job in jobs),
        "precision": _different(job["precision"] for job in jobs if job["precision"]),
        "python": _different(each["python"] for each in index["environments"].values()),
        "lock": _different(each["lock"] for each in index["environments"].values()),
        "packages": _packages(index["environments"].values()),
    }


def differences(first: Brief, second: Brief) -> dict[str, list[str]]:
    """What differs, by kind: a line each. What only one run has jobs for does not count."""
    found = {
        "settings": _settings(first["settings"], second["settings"]),
        "commit": _lists(first, second, "commits"),
        "code": _code(first["code"], second["code"]),
        "data": [*_files(first["data"], second["data"]), *_synthetic(first, second)],
        "processor": _lists(first, second, "processors", "gpus", "threads", "precision"),
        "system": _lists(first, second, "systems", "python", "lock"),
        "packages": [
            f"{name}: {_show(first['packages'].get(name))} | {_show(second['packages'].get(name))}"
            for name in sorted(first["packages"].keys() | second["packages"].keys())
            if first["packages"].get(name) != second["packages"].get(name)
        ],
    }
    return {kind: lines for kind, lines in found.items() if lines}


def _by_rule(jobs: Iterable[Mapping[str, Any]], values: Any) -> dict[str, dict[str, Any]]:
    """Rule -> setting -> its value, or {"by job": job -> value} where jobs differ.

    Of a job with two records, the last counts.
    """
    told: dict[str, dict[str, dict[str, Any]]] = {}
    for job in jobs:
        for key, value in values(job).items():
            told.setdefault(job["rule"], {}).setdefault(key, {})[job["job"]] = value
    return {
        rule: {key: _as_one(by_job) for key, by_job in settings.items()}
        for rule, settings in told.items()
    }


def _as_one(by_job: Mapping[str, Any]) -> Any:
    values = list(by_job.values())
    return values[0] if all(value == values[0] for value in values) else {"by job": dict(by_job)}


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings by dotted keys; long values by their digests."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, dict) and value:
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            text = json.dumps(value)
            digest = f"digest {hashlib.sha256(text.encode()).hexdigest()[:16]}"
            flat[f"{prefix}{key}"] = digest if len(text) > _LONG else value
    return flat


def _settings(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """Settings that differ; those of several rules that differ alike are one line."""
    rules: dict[str, list[str]] = {}
    for rule in sorted(first.keys() & second.keys()):
        for key in sorted(first[rule].keys() | second[rule].keys()):
            one, other = first[rule].get(key), second[rule].get(key)
            for jobs, values in _pairs(one, other).items():
                rules.setdefault(f"{key}: {values}", []).append(f"{rule}{jobs}")
    return [f"{text} ({_named(names)})" for text, names in rules.items()]


def _pairs(one: Any, other: Any) -> dict[str, str]:
    """Jobs in words -> both values, of those that differ; jobs that both runs have."""
    by_job = [
        value["by job"] if isinstance(value, dict) and "by job" in value else None
        for value in (one, other)
    ]
    if by_job == [None, None]:
        return {} if one == other else {"": f"{_show(one)} | {_show(other)}"}
    names = set.intersection(*(set(jobs) for jobs in by_job if jobs is not None))
    found = {}
    for name in sorted(names):
        values = [
            jobs[name] if jobs is not None else value
            for jobs, value in zip(by_job, (one, other), strict=True)
        ]
        if values[0] != values[1]:
            found[f" {name.partition('/')[2]}"] = f"{_show(values[0])} | {_show(values[1])}"
    return found


def _code(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    shared, changed = first.keys() & second.keys(), _changed(first, second)
    return [f"code of {len(changed)} of {len(shared)} rules: {_named(changed)}"] if changed else []


def _changed(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """Rules of both runs for which something differs."""
    return [rule for rule in sorted(first.keys() & second.keys()) if first[rule] != second[rule]]


def _synthetic(first: Brief, second: Brief) -> list[str]:
    """Synthetic data that were made otherwise: the same images by name, and others to look at."""
    made = {rule for kind in ("settings", "code") for rule in _changed(first[kind], second[kind])}
    rules = sorted(rule for rule in made if rule.endswith("_phantom"))
    return [f"other synthetic radiographs and scores ({_named(rules)})"] if rules else []


def _files(first: Mapping[str, str], second: Mapping[str, str]) -> list[str]:
    """Files from outside, by content: they may lie elsewhere on another machine."""
    changed = [
        set(first.values()) - set(second.values()),
        set(second.values()) - set(first.values()),
    ]
    return [
        f"{len(names)} of {len(data)} files of the {which} alone: {_named(names)}"
        for which, data, digests in (
            ("first", first, changed[0]),
            ("second", second, changed[1]),
        )
        if (names := [_file_name(path) for path, digest in data.items() if digest in digests])
    ]


def _file_name(path: str) -> str:
    """The name alone, printable: names may have bytes that are no text."""
    return Path(path).name.encode(errors="backslashreplace").decode()


def _data(entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    files: dict[str, str] = {}
    for entry in entries:
        data = entry["data"]
        many = set(data) == {"items", "digest"}
        files |= {f"{data['items']} files": data["digest"]} if many else data
    return files


def _packages(environments: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    versions: dict[str, Any] = {}
    for each in environments:
        for name, version in each["packages"].items():
            versions.setdefault(name, []).append(version)
    return {name: _as_text(_different(found)) for name, found in versions.items()}


def _lists(first: Brief, second: Brief, *kinds: str) -> list[str]:
    return [
        f"{kind}: {_show(first[kind])} | {_show(second[kind])}"
        for kind in kinds
        if first[kind] != second[kind]
    ]


def _commit(facts: Mapping[str, Any]) -> str:
    if facts["commit"] is None:
        return "no git clone"
    changes = f" with changes {facts['uncommitted']}" if facts["uncommitted"] else ""
    return f"{facts['commit'][:12]}{changes}"


def _different(values: Iterable[Any]) -> list[Any]:
    return sorted({value for value in values if value is not None})


def _as_text(values: Iterable[Any]) -> str:
    return ", ".join(map(str, values))


def _show(value: Any) -> str:
    if value is None or value == []:
        return "none"
    text = _as_text(value) if isinstance(value, list) else str(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _named(names: list[str]) -> str:
    more = len(names) - _RULES
    return ", ".join(names[:_RULES]) + (f" and {more} more" if more > 0 else "")
