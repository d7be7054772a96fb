"""Compare the tables of two runs, and what made them.

    python -m sharpflow.workflow.compare results/demo results/other

Ends with 0 if all tables are equal, 1 if some differ, 2 if there is nothing to compare.
"""

import argparse
import sys
from pathlib import Path

from sharpflow.errors import UserError
from sharpflow.workflow.compare.report import compare, report


def main(arguments: list[str] | None = None) -> int:
    """Print how the two folders that the command line names compare; the exit status."""
    parser = argparse.ArgumentParser(
        prog="sharpflow.workflow.compare",
        description="Compare the tables of two folders of results, and what made them.",
        epilog="Ends with 0 if all tables are equal, 1 if some differ.",
    )
    parser.add_argument("first", type=Path, help="a folder of results, for example results/demo")
    parser.add_argument("second", type=Path, help="another, or profiles/demo/reference")
    parser.add_argument("--all", action="store_true", help="show every value that differs")
    told = parser.parse_args(arguments)
    compared = compare(told.first, told.second)
    print(report(compared, every=told.all))
    return int(compared.differs)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
