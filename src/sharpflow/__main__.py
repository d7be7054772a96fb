"""`python -m sharpflow`: the command `sharpflow` where the package is not installed."""

from sharpflow.cli import app

app(prog_name="sharpflow")
