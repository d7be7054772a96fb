# What all rules share: the study and its plan (src/sharpflow/workflow/plan), which says what files,
# shards and experiments there are, and what each rule asks a cluster for.
from pathlib import Path

from snakemake.dag import DAG
from snakemake.exceptions import WorkflowError

from sharpflow.errors import UserError
from sharpflow.workflow.ancient_inputs import plan_behind_ancient_inputs
from sharpflow.workflow.code_digest import code_digest
from sharpflow.workflow.plan.joints import own_weights
from sharpflow.workflow.plan.paths import one_of
from sharpflow.workflow.plan.running_times import JointWork, WholeImageWork, ask
from sharpflow.workflow.plan.study import plan_study
from sharpflow.workflow.provenance import write_record

try:
    PLAN = plan_study(config)
except UserError as error:
    raise WorkflowError(str(error))

study, RESULTS = PLAN.study, PLAN.results
JOINTS, WHOLE_IMAGE = PLAN.joints, PLAN.whole_image
plan_behind_ancient_inputs(DAG)


def code(script):
    """Digest of the library code that a script runs."""
    return code_digest(f"{workflow.basedir}/workflow/scripts/{script}.py")


def checked(*pipelines):
    """That the user's cohorts, and those of a pipeline, passed, as an input.

    For each rule that makes or reads a cohort, or that trains; the rest reads only what these
    made. The files are `ancient`: who needs them waits for them, and is not made again when they
    are, for a corrected score.
    """
    return [ancient(path) for path in PLAN.checks.passed(*pipelines)]


def write_run_record():
    write_record(RESULTS, study.model_dump(mode="json"), workflow.basedir)


wildcard_constraints:
    cohort="joints|boxed|unscored",
    body_part="hand|foot",
    images="whole_image|bone_age|unscored_images",
    warned="joints|boxed|whole_image|bone_age",
    shard=r"\d\d",
    checks=one_of(PLAN.checks.cohorts),
