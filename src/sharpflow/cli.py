"""The command `sharpflow`, a thin shell around the library.

    sharpflow score IMAGES... --bundle FILE --out FOLDER

What a command needs is imported when it runs, so that `--help` answers at once.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from sharpflow.errors import UserError
from sharpflow.research_only import RESEARCH_ONLY

if TYPE_CHECKING:
    from sharpflow.score.run import Counts

INSTALL = 'In a clone of Sharpflow, install what it needs by: pip install ".[score]"'
try:
    import typer
except ModuleNotFoundError as error:  # sharpflow was installed without its extra
    sys.stderr.write(f"Error: the command sharpflow needs {error.name}. {INSTALL}\n")
    raise SystemExit(2) from error

ALL_SCORED, WRONG_INPUT, SOME_REFUSED, NONE_SCORED = 0, 2, 3, 4
STOPPED = 130  # as shells say of Ctrl-C

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help, to the width of the terminal
    # Typer's would print the values of variables, which may name patients.
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if not wanted:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        typer.echo(f"sharpflow {version('sharpflow')}")
    except PackageNotFoundError:
        typer.echo("sharpflow, run from its source without being installed")
    raise typer.Exit


@app.callback(epilog=RESEARCH_ONLY)
def sharpflow(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Score rheumatoid joint damage (Sharp/van der Heijde) on radiographs of hands and feet."""


@app.command(epilog=RESEARCH_ONLY)
def score(
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGES",
            help="Radiographs: files, folders, or patterns in quotes ('scans/*.dcm'). JPG, PNG, "
            "TIFF, BMP or DICOM.",
            show_default=False,
        ),
    ],
    *,
    bundle: Annotated[
        Path, typer.Option(help="The bundle of trained networks, a file NAME.sharpflow.")
    ],
    out: Annotated[Path, typer.Option(help="The folder for scores, overlays and pages.")],
    table: Annotated[
        Path | None,
        typer.Option(
            help="A CSV that says what the radiographs are: file (relative to the CSV) and, where "
            "known, limb (LH, RH, LF, RF, or BH for both hands), side, patient and visit.",
            show_default=False,
        ),
    ] = None,
    keep_ids: Annotated[
        bool,
        typer.Option("--keep-ids", help="Keep the patient ids of DICOM headers as they are."),
    ] = False,
    key: Annotated[
        Path | None,
        typer.Option(
            help="The key under which patient ids of DICOM headers become hashes; made if it is "
            "not there. Use it again, and patients are called the same again. Without it, each "
            "call has a key of its own, which is not kept.",
            show_default=False,
        ),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Radiographs that are in memory at once.")] = 8,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="Processor threads to use.", show_default="all cores"),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show nothing but errors: no bar, no summary.")
    ] = False,
) -> None:
    """Score radiographs with a trained bundle.

    Exit codes: 0, all were scored; 2, nothing was done because something given is wrong; 3, some
    were refused, wholly or in part, which the results list with the reason; 4, all were refused.
    """
    with _readable_errors():
        if keep_ids and key:
            raise UserError(
                "--keep-ids and --key: found both; expected one, since ids that are kept are not "
                "hashed. Leave one out."
            )
        from sharpflow.score.run import score as run

        with _progress(quiet=quiet) as progress:
            counts = run(
                images,
                bundle,
                out,
                table=table,
                keep_ids=keep_ids,
                key=key,
                batch=batch,
                threads=threads,
                progress=progress,
            )
    if not quiet:
        for warning in counts.warnings:
            typer.echo(f"Warning: {_printable(warning)}", err=True)
        _show_summary(counts, out)
    raise typer.Exit(_exit_code(counts.scored, counts.refused + counts.in_part))


def _show_summary(counts: "Counts", out: Path) -> None:
    """A table on a terminal, else plain lines that a script can read."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    folder = _printable(out)
    told = f"{counts.scored} of {counts.scored + counts.refused} radiographs were scored."
    reasons = sorted(counts.reasons.items(), key=lambda pair: -pair[1])
    console = Console()
    if console.is_terminal:
        table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        table.add_row("Pages", str(counts.patients))
        table.add_row("Radiographs scored", str(counts.scored))
        table.add_row("Radiographs refused", str(counts.refused))
        if counts.in_part:
            table.add_row("Joints alone refused", str(counts.in_part))
        for reason, number in reasons:
            table.add_row("", Text(f"{number} x {_printable(reason)}"))  # brackets are no markup
        table.add_row("To read", Text(str(Path(folder) / "index.html")))
        console.print(table)
    else:
        typer.echo(f"{told} Pages: {counts.patients}. Results: {folder}")
        for reason, number in reasons:
            typer.echo(f"Refused: {number}: {_printable(reason)}")
    typer.echo(RESEARCH_ONLY)


def _printable(text: str | Path) -> str:
    """A text for a terminal: bytes that are no text, and signs that steer it, as escapes."""
    known = str(text).encode(errors="backslashreplace").decode()
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in known)


def _exit_code(scored: int, refused: int) -> int:  # `refused`: wholly or in part
    if not scored:
        return NONE_SCORED
    return SOME_REFUSED if refused else ALL_SCORED


@contextmanager
def _readable_errors() -> Iterator[None]:
    """End with one message where a user can correct what is wrong, or an install lacks a part."""
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write("Stopped: no table was written. Delete overlays and pages in --out.\n")
        raise typer.Exit(STOPPED) from None
    except UserError as error:
        message = str(error)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("sharpflow"):
            raise
        message = f"{error.name} is not installed. {INSTALL}"
    else:
        return
    from rich.console import Console
    from rich.text import Text

    # As Text: brackets and colons in a path are no markup.
    told = Text.assemble(("Error: ", "bold red"), message)
    Console(stderr=True).print(told, soft_wrap=True)
    raise typer.Exit(WRONG_INPUT)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on a terminal; gives what to call with radiographs done and in all."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    columns = ("Scoring", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=quiet or not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
