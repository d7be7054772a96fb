# On one machine, no more jobs compute on GPUs at a time than it has; each job then takes one of its
# own (sharpflow.gpus). `--resources gpu=2`, or a profile, overrules it. Without a GPU there is no
# limit: trainings run side by side on processors. Runs on a cluster, which have `jobs`, ask its
# scheduler.
from sharpflow.gpus import visible_gpus

if (
    workflow.is_main_process
    and workflow.resource_settings.nodes is None
    and "gpu" not in workflow.global_resources
):
    here = visible_gpus()
    if here:
        workflow.register_resource("gpu", here)
