"""Go on after Snakemake itself was killed: its jobs live on, and it would not know them again.

    python profiles/slurm/after_crash.py wait --profile slurm --configfile mine.yaml

waits for the jobs that an earlier run of this study left (`cancel` ends them), removes its locks
and starts `snakemake` with all that stands behind. `list` only shows what is left. It refuses while
that run lives, or may live on a host that cannot be seen from here.
"""

import argparse
import os
import sys

# The workflow reads these when it starts (workflow/rules/runs.smk): only then the study is known.
WHAT, GONE = "SHARPFLOW_AFTER_CRASH", "SHARPFLOW_GONE_HOSTS"
SNAKEMAKE = [sys.executable, "-m", "snakemake"]


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="%(prog)s {list,wait,cancel} [--gone HOST] [what was typed behind `snakemake`]",
        allow_abbrev=False,
    )
    parser.add_argument("what", choices=("list", "wait", "cancel"))
    parser.add_argument(
        "--gone",
        metavar="HOST",
        action="append",
        default=[],
        help="no Snakemake runs on this host any more: it cannot be asked, and you are sure",
    )
    arguments, run = parser.parse_known_args()
    os.environ[WHAT] = arguments.what
    os.environ[GONE] = " ".join(arguments.gone)
    only_look = ["--dry-run"] if arguments.what == "list" else []
    os.execv(SNAKEMAKE[0], [*SNAKEMAKE, *run, *only_look])


if __name__ == "__main__":
    main()
