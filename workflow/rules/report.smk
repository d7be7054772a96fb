# The HTML report, `snakemake --report report.html`: how rules mark what it shows, and what its
# captions (workflow/report) say of the data.
import sys

from sharpflow.workflow.report_facts import report_facts
from sharpflow.workflow.report_style import use_stylesheet

# Categories that are divided, and a part of one.
TAN, BO, EXAMPLES = "Tan et al.", "Bo et al.", "Examples"

if workflow.is_main_process:
    # A caption can read nothing but the config.
    config["report"] = report_facts(PLAN, workflow.basedir)
    if reporter := sys.modules.get("snakemake.report.html_reporter"):
        use_stylesheet(
            reporter.Reporter, f"{workflow.basedir}/workflow/report/style.css"
        )


def shown(path, label, category, part=None, caption=None):
    """An output that the report shows.

    `label`, or what that function of the wildcards gives, is what it is called there, once in its
    `category` and `part`. Its caption has the file's name unless another is named.
    """
    name = caption or Path(path).stem
    return report(
        path,
        caption=f"{workflow.basedir}/workflow/report/{name}.rst",
        category=category,
        subcategory=part,
        labels=lambda wildcards: {
            "Result": label(wildcards) if callable(label) else label
        },
    )


def shown_table(name, label, category, folder="tables"):
    """The files of a table, of which the report shows the page."""
    stem = f"<results>/{folder}/{name}"
    part = "Tables" if category in (TAN, BO) else None
    files = [f"{stem}{suffix}" for suffix in (".csv", ".md", ".tex")]
    return [*files, shown(f"{stem}.html", label, category, part)]


def shown_figure(name, label, category, caption=None):
    """The files of a figure, of which the report shows the image."""
    stem = f"<results>/figures/{name}"
    part = "Figures" if category in (TAN, BO) else None
    return [shown(f"{stem}.png", label, category, part, caption), f"{stem}.pdf"]


def grad_cam_label(wildcards):
    """What the report calls a figure of heat maps."""
    what = {"total": "totals", "severity": "severity classes"}[wildcards.task]
    return f"Figure {wildcards.figure.removeprefix('fig')}: Grad-CAM of {what}"
