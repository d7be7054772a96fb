"""What the plan of a study sees of the problems that the check will list."""

from collections.abc import Sequence

from sharpflow.errors import Problem


def warn_of_problems(key: str, problems: Sequence[Problem]) -> list[str]:
    """A warning where something is wrong with what a key of the config names, so that -n says it.

    Args:
        key: of the config.
        problems: those that can be seen without decoding any radiograph.
    """
    if not problems:
        return []
    more = f" (And {len(problems) - 1} more.)" if len(problems) > 1 else ""
    return [f"{key}: {problems[0]}{more} The check lists all."]
