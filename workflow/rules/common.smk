# What all rules share: the study and its plan (src/sharpflow/workflow/plan), which says what files,
# shards and experiments there are, and what each rule asks a cluster for.
import time
from pathlib import Path

from snakemake import io as snakemake_io
from snakemake.dag import DAG
from snakemake.exceptions import UndefinedPathvarException, WorkflowError
from snakemake.logging import logger
from snakemake.pathvars import Pathvars
from snakemake.persistence.file import FilePersistence

from sharpflow.errors import UserError
from sharpflow.workflow.ancient_inputs import plan_behind_ancient_inputs
from sharpflow.workflow.by_content import ToldText, rerun_by_content
from sharpflow.workflow.clone_folder import prepare_clone_folder, refuse_on_cluster
from sharpflow.workflow.code_digest import code_digest
from sharpflow.workflow.content import CONTENTS, contents_of
from sharpflow.workflow.leftovers import remove_leftovers
from sharpflow.workflow.plan.content import ImageContent, JointContent
from sharpflow.workflow.plan.paths import one_of
from sharpflow.workflow.plan.new_radiographs import refuse_training
from sharpflow.workflow.plan.rehearsal import RehearsalPlan
from sharpflow.workflow.plan.running_times import JointWork, WholeImageWork, ask
from sharpflow.workflow.plan.study import plan_study
from sharpflow.workflow.plan.weights import own_weights
from sharpflow.workflow.provenance.index import write_index
from sharpflow.workflow.provenance.last_run import refuse_file, write_record
from sharpflow.workflow.settings.double_keys import refuse_double_keys
from sharpflow.workflow.settings.missing_files import refuse_missing_files
from sharpflow.workflow.told_at_end import findings_in_short, problems_in_short
from sharpflow.workflow.user_paths import as_they_stand, keep_user_paths

try:
    prepare_clone_folder(workflow.basedir)
    if workflow.is_main_process:
        refuse_double_keys(workflow.config_settings.configfiles)
    PLAN = plan_study(config)
    if workflow.is_main_process:
        refuse_missing_files(PLAN.study)
        refuse_file(PLAN.results)
except UserError as error:
    raise WorkflowError(str(error))

if workflow.is_main_process:
    for warning in PLAN.warnings:
        logger.warning(warning)

study, RESULTS = PLAN.study, PLAN.results
BEGAN = time.time()
JOINTS, WHOLE_IMAGE = PLAN.joints, PLAN.whole_image
REHEARSAL = RehearsalPlan(study, JOINTS, WHOLE_IMAGE)
plan_behind_ancient_inputs(DAG)
keep_user_paths(snakemake_io, Pathvars, UndefinedPathvarException)
rerun_by_content(snakemake_io._IOFile, FilePersistence, RESULTS)
CONTENTS.keep_in(
    Path(".snakemake/sharpflow/contents.json"), write=workflow.is_main_process
)


def plain(value):
    """A text of the user's as a param: Snakemake looks for wildcards in what no function returns."""
    return lambda wildcards: value


def own_file(path):
    """A file that the user named, or none, as an input."""
    return lambda wildcards: as_they_stand(path or [])


def told(text):
    """A text as a param that is told only: another one makes nothing again."""
    return lambda wildcards: ToldText(text)


def weights_file(weights):
    """A local file of weights as params: its SHA-256 counts, not where it lies."""
    asked = own_weights(weights)
    return {
        key: told(value) if key == "file" and value else plain(value)
        for key, value in asked.items()
    }


def with_unscored(scored, unscored):
    """A file of the test patients, and that of radiographs without scores, where there are such."""
    return [scored, *[unscored] * bool(JOINTS.unscored)]


def code(*scripts):
    """Digests of scripts and the library code that they run: a rule's own, then any that make what
    it takes as an `ancient` input.
    """
    scripts_folder = f"{workflow.basedir}/workflow/scripts"
    return " ".join(code_digest(f"{scripts_folder}/{script}.py") for script in scripts)


def environment_of(rule):
    """The conda environment of another rule."""
    named = Path(workflow.get_rule(rule).ruleinfo.conda_env).name
    return str(Path(workflow.basedir, "envs", named))


def threads_of(rule):
    """The threads of another rule, a profile's changes included."""
    return workflow.get_rule(rule).resources["_cores"].raw


def asked_by(rule):
    """What another rule asks for but time, a profile's changes included, for its rehearsal.

    `tried` is the attempt.
    """
    asked = workflow.get_rule(rule).resources.items()
    own = {"_cores", "_nodes", "tmpdir", "runtime"}
    return {
        **{name: resource._value for name, resource in asked if name not in own},
        "tried": lambda wildcards, attempt: attempt,
    }


def checked(*pipelines):
    """That the user's cohorts, and those of a pipeline, passed, as an input.

    For each rule that makes or reads a cohort, or that trains; the rest reads only what these
    made. The files are `ancient`: who needs them waits for them, and is not made again when they
    are, for a corrected score.
    """
    return [ancient(path) for path in PLAN.checks.passed(*pipelines)]


def in_results(paths):
    """Paths of results as they stand, for what is no rule."""
    return [path.replace("<results>", RESULTS) for path in paths]


def refuse_folder_on_cluster():
    """Stop before any job is submitted from a folder in which none could start."""
    if workflow.non_local_exec:
        try:
            refuse_on_cluster(workflow.basedir)
        except UserError as error:
            raise WorkflowError(str(error))


def refuse_to_train():
    """Stop where the target `score` alone is asked for, and a network would have to be trained."""
    asked = [rule.name for rule in workflow.dag.targetrules]
    if asked != ["score"] or workflow.dag.targetfiles:
        return
    jobs = [job.rule.name for job in workflow.dag.needrun_jobs()]
    try:
        refuse_training(jobs, *in_results(PLAN.bundle_results()))
    except UserError as error:
        raise WorkflowError(str(error))


def tell_shared_patients():
    """Say how many patients the user's two cohorts share."""
    if PLAN.shared_patients():
        logger.info(PLAN.shared_patients())


def tell_findings():
    """Say what the checks set aside and warn of, which those that were made before say no more."""
    problems = in_results(PLAN.problem_lists("joints", "whole_image"))
    for told in findings_in_short(problems, in_results(PLAN.pages.warnings)):
        logger.warning(told)


def tell_problems():
    """Say what stopped a run that a check refused, below its errors and above Snakemake's farewell."""
    told = problems_in_short(in_results(PLAN.problem_lists("joints", "whole_image")))
    if told:
        logger.error(told)


def remove_removed():
    """Remove the results of radiographs that are no longer in the study."""
    gone = remove_leftovers(PLAN)
    if gone:
        logger.info(f"{len(gone)} results of radiographs that are gone were removed.")


def write_run_record():
    """Write what this run is: run.json."""
    try:
        write_record(RESULTS, study.model_dump(mode="json"), workflow.basedir)
    except UserError as error:
        raise WorkflowError(str(error))


def gather_provenance():
    """Gather what this run's jobs and earlier ones left of themselves: provenance/index.json."""
    try:
        write_index(RESULTS)
    except OSError as error:
        logger.warning(f"{RESULTS}/provenance/index.json could not be written: {error}")


def tell_rehearsal():
    """Say where the table of a rehearsal is."""
    table = Path(RESULTS, "rehearsal", "rehearsal.md")
    if table.exists() and table.stat().st_mtime >= BEGAN:
        logger.info(f"What the study takes: {table}")


def compare_with_reference():
    """Say how this run's tables compare with the reference, which the demo has."""
    from sharpflow.workflow.compare.reference import said_at_end

    try:
        said = said_at_end(
            RESULTS, f"{workflow.basedir}/profiles/{study.study}/reference", since=BEGAN
        )
    except UserError as error:
        logger.warning(str(error))
    else:
        if said:
            logger.info(said)


wildcard_constraints:
    cohort="joints|boxed|unscored",
    body_part="hand|foot",
    images="whole_image|bone_age|unscored_images",
    warned="joints|boxed|whole_image|bone_age",
    shard=r"\d\d+",
    checks=one_of(PLAN.checks.cohorts),
