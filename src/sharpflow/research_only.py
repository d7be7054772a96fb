"""What everything that scores, or shows scores, says of its use."""

RESEARCH_ONLY = "Research use only: not a medical device, not for decisions about any person."
OF_PHANTOM = "Trained on synthetic radiographs: says nothing about real radiographs."


def not_for(*data: str) -> str:
    """What models must not be used for, by what their data are called."""
    return f"{RESEARCH_ONLY} {OF_PHANTOM}" if "phantom" in data else RESEARCH_ONLY
