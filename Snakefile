# What goes in: config.yaml and the cohorts that it names, or synthetic radiographs (the phantom).
# What comes out: results/<study>, with every table and figure of both papers.
# The rules stand in workflow/rules, one file a stage, in the order in which data flow.
import os
import sys

from snakemake.utils import min_version

min_version("9.27")


report: "workflow/report/workflow.rst"


# The library is found by this file and by every job, wherever it runs.
sys.path.insert(0, f"{workflow.basedir}/src")
os.environ["PYTHONPATH"] = f"{workflow.basedir}/src"
os.environ["PYTHONUTF8"] = "1"  # files are UTF-8 in jobs, whatever the locale
# Else each job would compile all that it imports, some seconds of torch or TensorFlow.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


envvars:
    "PYTHONPATH",
    "PYTHONUTF8",


configfile: f"{workflow.basedir}/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/runs.smk"
include: "workflow/rules/gpus.smk"
include: "workflow/rules/slurm.smk"


pathvars:
    results=RESULTS,
    logs="<results>/logs",
    benchmarks="<results>/benchmarks",


include: "workflow/rules/checks.smk"


if JOINTS:

    include: "workflow/rules/joints/pipeline.smk"


if WHOLE_IMAGE:

    include: "workflow/rules/whole_image/pipeline.smk"


if PLAN.shares_patients and WHOLE_IMAGE.compared:

    include: "workflow/rules/comparison.smk"


if PLAN.bundle:

    include: "workflow/rules/bundle.smk"


include: "workflow/rules/pages.smk"
include: "workflow/rules/rehearsal.smk"
include: "workflow/rules/targets.smk"


rule all:
    """Make everything."""
    default_target: True
    input:
        PLAN.all_results(),
    localrule: True


onstart:
    refuse_folder_on_cluster()
    refuse_to_train()
    begin_run()
    tell_shared_patients()
    write_run_record()
    warn_of_excess_requests()


onsuccess:
    remove_removed()
    write_run_record()
    gather_provenance()
    compare_with_reference()
    tell_rehearsal()
    leave_run()
    tell_findings()


onerror:
    gather_provenance()
    leave_run()
    tell_findings()
    tell_problems()
