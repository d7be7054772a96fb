"""The style of Snakemake's HTML report (html_reporter of Snakemake 9.27)."""

from pathlib import Path
from typing import Any


def use_stylesheet(reporter: type[Any], stylesheet: str | Path) -> None:
    """Have reports made with a stylesheet, unless `--report-stylesheet` names another.

    Args:
        reporter: Snakemake's class that renders a report.
        stylesheet: the CSS file.
    """
    begin = reporter.__post_init__

    def begin_in_style(self: Any) -> None:
        if self.settings.stylesheet_path is None:
            self.settings.stylesheet_path = Path(stylesheet)
        begin(self)

    reporter.__post_init__ = begin_in_style
