"""Writes a bundle: the same bytes for the same networks, settings, code and model cards."""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

from sharpflow.bundle.manifest import Manifest, Member
from sharpflow.bundle.read import AGAIN, MANIFEST, Bundle
from sharpflow.errors import UserError
from sharpflow.files import atomic_write

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # that a zip can tell


def write_bundle(path: str | Path, manifest: Manifest, members: Mapping[str, bytes]) -> None:
    """Write a bundle by an atomic write, and read it again as its users will.

    Args:
        path: of the bundle.
        manifest: its `members` may be empty; they are filled in.
        members: name, as "networks/unet-hand.onnx", -> content.

    Raises:
        UserError: whoever reads it would refuse it, such as for networks larger than allowed.
    """
    names = sorted(members)
    described = {name: _describe(members[name]) for name in names}
    plain = asdict(replace(manifest, members=described))
    told = json.dumps(plain, indent=1, allow_nan=False) + "\n"
    with atomic_write(path) as temporary:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as file:
            for name, content in [
                (MANIFEST, told.encode()),
                *((name, members[name]) for name in names),
            ]:
                info = zipfile.ZipInfo(name, _EARLIEST)
                info.create_system = 3  # else it would tell which system wrote it
                file.writestr(info, content)
        try:
            check_bundle(temporary, remedy="Change the study.")
        except UserError as error:
            why = str(error).replace(str(temporary), Path(path).name)
            raise UserError(f"{path} is not written, since it would be refused: {why}") from None


def check_bundle(path: str | Path, remedy: str = AGAIN) -> None:
    """Read all of a bundle. UserError, with the remedy, if any of it cannot be used."""
    with Bundle(path, remedy) as bundle:
        for name in bundle.networks:
            bundle.network(name)
        for name in bundle.model_cards:
            bundle.model_card(name)
        for name in bundle.tables:
            bundle.table(name)


def _describe(content: bytes) -> Member:
    return Member(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
