"""What is wrong with an image that cannot be used, and how large one may be."""

from pathlib import Path

from sharpflow.errors import UserError

MAX_PIXELS = 100_000_000  # a radiograph of 43 x 35 cm at 0.05 mm has 60 million
# What to do with one that has more; radiographs are also read where there is no config.
SMALLER = (
    "Export it smaller or, in a study, raise checks: max_megapixels in the config if the "
    "radiograph really is that large."
)


class ImageError(UserError):
    """An image that cannot be used; `found`, `expected`, `remedy` serve a problem list."""

    def __init__(self, path: Path, found: str, expected: str, remedy: str) -> None:
        """Keep the parts and join them to a message."""
        self.path, self.found, self.expected, self.remedy = path, found, expected, remedy
        super().__init__(f"{path}: found {found}; expected {expected}. {remedy}")
