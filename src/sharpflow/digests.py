"""Digests: of data that a training sees, and of files that must be what they claim to be."""

import hashlib
import json
from pathlib import Path
from typing import Any

from sharpflow.errors import UserError


def digest_of(*parts: Any) -> str:
    """Digest of numpy arrays (shape, type and content) and of plain values, 16 hex digits."""
    total = hashlib.sha256()
    for part in parts:
        if hasattr(part, "tobytes"):
            total.update(f"{part.dtype}{part.shape}".encode())
            total.update(part.tobytes())
        else:
            total.update(json.dumps(part, sort_keys=True).encode())
    return total.hexdigest()[:16]


def check_sha256(path: str | Path, expected: str) -> None:
    """Raise UserError when a file is missing or is not the one whose SHA-256 the config gives."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file; expected the weights that config.yaml names.")
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != expected:
        raise UserError(
            f"{path}: SHA-256 is {found}, config.yaml expects {expected}. "
            "Fetch the file again, or correct the key if you mean this file."
        )
