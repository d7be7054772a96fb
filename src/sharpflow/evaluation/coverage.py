"""What the 95% intervals cover, as `benchmarks/interval_coverage.py` measured it.

The table beside this module is what that command wrote: for each measure, population and size of a
cohort, how often the interval held the true value.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

COVERAGE = Path(__file__).with_name("coverage.csv")


def coverage_note(titles: Mapping[str, str], populations: Collection[str]) -> str:
    """A sentence for a table's notes: what its intervals cover in simulated cohorts.

    Args:
        titles: a measure of the coverage table -> how the study's table calls it.
        populations: the simulated populations that stand for the table's data; of several, the
            lowest coverage is told.
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
        f"95% intervals are by patient. In simulations (of {cohorts} cohorts of {sizes} patients) "
        f"so many of them held the true value: {', '.join(shares)}. A single patient or radiograph "
        "far from the others makes an interval very wide."
    )
