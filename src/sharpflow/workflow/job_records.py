"""What Snakemake remembers of an output, written by the job that made it (persistence of 9.27).

By default the main process alone writes with which settings, code and inputs an output was made,
when it sees the job's end. If it was killed meanwhile, the output of a job that outlived it would
have no such record, or an older one: a changed setting would not be noticed, or a finished training
done again.
"""

from typing import Any


def record_in_jobs(persistence_class: type[Any]) -> None:
    """Let each job write the records of its outputs; the main process writes the same again.

    Args:
        persistence_class: Snakemake's class FilePersistence, in a job's process. A process that
            reads the Snakefile again corrects it once.
    """
    finished = persistence_class.finished
    if finished.__module__ == __name__:
        return

    async def recorded(persistence: Any, job: Any) -> None:
        # Set by `--immediate-submit`, where no main process is left to write the records.
        settings = persistence.dag.workflow.remote_execution_settings
        before, settings.immediate_submit = settings.immediate_submit, True
        try:
            await finished(persistence, job)
        finally:
            settings.immediate_submit = before

    persistence_class.finished = recorded
