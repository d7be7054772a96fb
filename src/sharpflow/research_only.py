"""What the command and a bundle say of their use."""

RESEARCH_ONLY = "For research only: not a medical device, and not for decisions about any person."
