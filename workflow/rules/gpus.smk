# On one machine, no more jobs compute on GPUs at a time than it has; each job then takes one of its
# own (sharpflow.gpus). `--resources gpu=2`, or a profile, overrules it. Without a GPU there is no
# limit: trainings run side by side on processors. Runs on a cluster, which have `jobs`, ask its
# scheduler.
from sharpflow.gpus import visible_gpus
from sharpflow.workflow.missing_gpus import SUBMITTED

# A job that an executor submitted has asked a scheduler for what its rule asks, so a GPU that it
# does not see is missing.
if workflow.remote_exec:
    os.environ[SUBMITTED] = "1"

if (
    workflow.is_main_process
    and workflow.resource_settings.nodes is None
    and "gpu" not in workflow.global_resources
):
    here = visible_gpus()
    if here:
        workflow.register_resource("gpu", here)
