"""Files that torch writes, the same to the byte for the same content."""

import io
from pathlib import Path
from typing import Any

from sharpflow.files import atomic_write


def save_torch(content: Any, path: str | Path) -> None:
    """Write what `torch.save` takes by an atomic write.

    torch would write the name of a file into it, so it is given a buffer.
    """
    import torch

    buffer = io.BytesIO()
    torch.save(content, buffer)
    with atomic_write(path) as temporary:
        temporary.write_bytes(buffer.getvalue())
