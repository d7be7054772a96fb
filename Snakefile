# What goes in: config.yaml and the cohorts that it names, or drawn radiographs (the phantom).
# What comes out: results/<study>, with every table and figure of both papers.
# The rules stand in workflow/rules, one file a stage, in the order in which data flow.
import os
import sys

from snakemake.utils import min_version

min_version("9.27")

# The library is found by this file and by every job, wherever it runs.
sys.path.insert(0, f"{workflow.basedir}/src")
os.environ["PYTHONPATH"] = f"{workflow.basedir}/src"


envvars:
    "PYTHONPATH",


configfile: f"{workflow.basedir}/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/whole_common.smk"
include: "workflow/rules/guards.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/gpus.smk"


pathvars:
    results=RESULTS,
    logs="<results>/logs",
    benchmarks="<results>/benchmarks",


include: "workflow/rules/checks.smk"
include: "workflow/rules/cohorts.smk"
include: "workflow/rules/standardize.smk"
include: "workflow/rules/masks.smk"
include: "workflow/rules/unet.smk"
include: "workflow/rules/weights.smk"
include: "workflow/rules/detector.smk"
include: "workflow/rules/joint_scoring.smk"
include: "workflow/rules/scores.smk"
include: "workflow/rules/whole_cohorts.smk"
include: "workflow/rules/whole_networks.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/whole_tables.smk"
include: "workflow/rules/whole_figures.smk"
include: "workflow/rules/targets.smk"


# Everything.
rule all:
    default_target: True
    input:
        rules.joints.input,
        rules.whole.input,
        rules.tables.input,
        rules.figures.input,


onstart:
    refuse_orphans()
    write_run_record()


onsuccess:
    write_run_record()
