# What Slurm says of its jobs is asked here, since the executor plugin misses some of their ends
# (sharpflow.workflow.slurm_status). Where the plugin is not installed there is nothing to do.
import sys

from snakemake.logging import logger
from snakemake.resources import GroupResources

from sharpflow.workflow.runs import SLURM_PLUGIN
from sharpflow.workflow.slurm_nodes import read_request, warn_of_excess
from sharpflow.workflow.slurm_status import see_every_end

if workflow.is_main_process and SLURM_PLUGIN in sys.modules:
    see_every_end(sys.modules[SLURM_PLUGIN])


# A request that no node can meet fails at `sbatch`, or waits for ever, maybe after hours of other
# jobs. So what the plan asks for is compared with what sinfo says (sharpflow.workflow.slurm_nodes),
# when a run starts and at the end of a dry run, which has no `onstart`.
def warn_of_excess_requests():
    """Warn of what the plan asks Slurm's nodes for and none has."""
    if not workflow.is_main_process or not workflow.non_local_exec_or_dryrun:
        return
    jobs = list(workflow.dag.needrun_jobs(exclude_finished=False))
    # In a dry run Snakemake takes all jobs to be local.
    sent = [
        job
        for job in jobs
        if job.rule.group or job.rule.name not in workflow._localrules
    ]
    groups = {workflow.dag.get_job_group(job) for job in sent} - {None}
    alone = [job for job in sent if workflow.dag.get_job_group(job) is None]
    first = [read_request([job.rule.name], job.threads, job.resources) for job in alone]
    first += [request_of_group(group) for group in groups]
    different = {request: job for request, job in zip(first, alone) if request}
    later = (request_at_last(job) for job in different.values())
    for line in warn_of_excess(filter(None, first), filter(None, later)):
        logger.warning(f"Slurm's nodes: {line}")


def request_of_group(group):
    """What the jobs of a group ask for together, taking turns as `cores` and `resources` say."""
    try:
        asked = GroupResources.basic_layered(
            group.toposorted,
            workflow.global_resources,
            run_local=False,  # as the executor sees it; a dry run would add up what takes turns
        )
    except WorkflowError:  # of which Snakemake itself tells when it submits the group
        return None
    return read_request([job.rule.name for job in group.jobs], asked["_cores"], asked)


def request_at_last(job):
    """What a job asks for when it is tried for the last time."""
    asked = job.rule.expand_resources(
        job.wildcards_dict, job.input, 1 + job.restart_times, skip_evaluation={"tmpdir"}
    )
    return read_request([job.rule.name], asked["_cores"], asked)


def warn_at_the_end_of_dry_runs(print_reasons):
    """`print_reasons`: the DAG's method that only a dry run calls, at its end."""

    def print_reasons_and_warn(dag):
        print_reasons(dag)
        warn_of_excess_requests()

    return print_reasons_and_warn


if workflow.is_main_process and hasattr(DAG, "print_reasons"):
    DAG.print_reasons = warn_at_the_end_of_dry_runs(DAG.print_reasons)
