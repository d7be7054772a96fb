"""The index as a page for readers."""

from collections.abc import Iterable, Mapping
from typing import Any

_NAMED = 3  # files in a line
COLUMNS = (
    "what",
    "made",
    "code",
    "environment",
    "threads",
    "precision",
    "seeds",
    "jobs",
    "time of all jobs",
    "most memory",
)


def index_page(index: Mapping[str, Any]) -> str:
    """provenance/index.md: a row for each table and figure; below, what the letters stand for."""
    codes = {name: f"C{number}" for number, name in enumerate(index["codes"], 1)}
    environments = {name: f"E{number}" for number, name in enumerate(index["environments"], 1)}
    rows = [
        _row(name, entry, codes, environments) for name, entry in sorted(index["results"].items())
    ]
    parts = [
        "# What made each table and figure",
        "",
        "`index.json` beside this page has the settings and digests of every job, and each job's "
        "own record is in `jobs/`. A code or environment beside another one: some steps were run "
        "with each.",
        "",
        *_table(COLUMNS, rows),
        "",
        "## Code",
        "",
        *(f"- **{codes[name]}**: {_code(facts)}" for name, facts in index["codes"].items()),
        "",
        "## Environments",
        "",
        *(
            f"- **{environments[name]}**: {_environment(facts)}"
            for name, facts in index["environments"].items()
        ),
        "",
        *_data(index),
        *_unrecorded(index),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _row(
    name: str, entry: Mapping[str, Any], codes: Mapping[str, str], environments: Mapping[str, str]
) -> tuple[str, ...]:
    return (
        f"`{name}`",
        entry["made"][:16].replace("T", " "),
        _list(codes[code] for code in entry["codes"]),
        _list([*(environments[each] for each in entry["environments"]), *entry["gpus"]]),
        _list(entry["threads"]),
        _list(entry["precision"]) or "–",
        _list(entry["seeds"]) or "–",
        str(len(entry["jobs"])),
        f"{entry['seconds'] / 60:.1f} min",
        f"{entry['memory_mb'] / 1024:.1f} GiB",
    )


def _code(facts: Mapping[str, Any]) -> str:
    commit, uncommitted = facts["commit"], facts["uncommitted"]
    if commit is None:
        return "not a git clone; `code_digest` of the jobs in `index.json` tells versions apart"
    changes = f", with uncommitted changes (digest `{uncommitted}`)" if uncommitted else ""
    return f"commit `{commit}`{changes}"


def _environment(facts: Mapping[str, Any]) -> str:
    lock = f"lock `{facts['lock'][:16]}`" if facts["lock"] else "no uv.lock"
    packages = ", ".join(
        f"{name} {version}" for name, version in facts["packages"].items() if version
    )
    return f"{facts['processor']}, {facts['system']}, Python {facts['python']}, {lock}; {packages}"


def _data(index: Mapping[str, Any]) -> list[str]:
    """Files from outside the results, and what rests on them."""
    resting: dict[str, list[str]] = {}
    for name, entry in sorted(index["results"].items()):
        data = entry["data"]
        if set(data) == {"items", "digest"}:
            files = f"{data['items']} files, digest of all `{data['digest'][:16]}`"
        else:
            files = ", ".join(f"`{path}` ({digest[:16]})" for path, digest in data.items())
        if files:
            resting.setdefault(files, []).append(f"`{name}`")
    lines = [f"- {files}: {', '.join(names)}" for files, names in resting.items()]
    return ["## Files from outside", "", *lines, ""] if lines else []


def _unrecorded(index: Mapping[str, Any]) -> list[str]:
    lines = []
    if index["unrecorded"]:
        names = ", ".join(f"`{name}`" for name in index["unrecorded"])
        lines.append(
            f"- changed since they were made, or made by a version that left no records: {names}"
        )
    lines += [
        f"- `{name}` rests on {_some(entry['unrecorded'])}, of which there is no record as it was "
        "then"
        for name, entry in sorted(index["results"].items())
        if entry["unrecorded"]
    ]
    return ["## Without a record", "", *lines, ""] if lines else []


def _table(columns: Iterable[str], rows: Iterable[tuple[str, ...]]) -> list[str]:
    heads = list(columns)
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    named = ", ".join(f"`{name}`" for name in names[:_NAMED])
    return named + (f" and {more} other files" if more > 0 else "")


def _list(values: Iterable[Any]) -> str:
    return ", ".join(map(str, values))
