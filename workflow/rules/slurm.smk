# What Slurm says of its jobs is asked here, since the executor plugin misses some of their ends
# (sharpflow.workflow.slurm_status). Where the plugin is not installed there is nothing to do.
import sys

from sharpflow.workflow.slurm_status import see_every_end

if workflow.is_main_process and "snakemake_executor_plugin_slurm" in sys.modules:
    see_every_end(sys.modules["snakemake_executor_plugin_slurm"])
