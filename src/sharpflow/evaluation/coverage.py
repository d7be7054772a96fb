"""Coverage of the 95% intervals, as measured by `benchmarks/interval_coverage.py`.

That command writes the table beside this module: for each measure, population and cohort size, how
often the interval held the true value.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

COVERAGE = Path(__file__).with_name("coverage.csv")


def coverage_note(titles: Mapping[str, str], populations: Collection[str]) -> str:
    """Sentences for a table's notes: the coverage of its intervals in simulated cohorts.

    Args:
        titles: a measure of the coverage table -> its name in the study's table.
        populations: the simulated populations that stand for the table's data; the lowest coverage
            among them is reported.

    Returns:
        The sentences.
    """
    import pandas as pd

    table = pd.read_csv(COVERAGE)
    table = table[table["used"] & table["population"].isin(populations)]
    lowest = table.groupby(["measure", "patients"])["coverage"].min()
    sizes = " and ".join(str(size) for size in sorted(set(table["patients"])))
    shares = [
        f"{title} {' and '.join(f'{100 * float(share):.0f}' for share in lowest[measure])}%"
        for measure, title in titles.items()
        if measure in lowest
    ]
    cohorts = table["cohorts"].min()
    return (
        f"95% intervals are by patient. Share of them that held the true value in simulations of "
        f"{cohorts} cohorts of {sizes} patients: {', '.join(shares)}. A single patient or "
        "radiograph that differs strongly from the others makes an interval very wide."
    )
