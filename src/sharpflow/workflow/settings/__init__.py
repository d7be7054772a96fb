"""The settings of a study: Pydantic models of config.yaml that refuse what they don't know.

Only the Snakefile reads them; the library gets its settings as values.
"""

from sharpflow.workflow.settings.study import Study, load_study

__all__ = ["Study", "load_study"]
