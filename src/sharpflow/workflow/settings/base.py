"""What all settings share: the section that refuses unknown keys, and kinds of values."""

from dataclasses import dataclass
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sharpflow.anatomy import BodyPart

Value = TypeVar("Value")
Share = Annotated[float, Field(ge=0, lt=1)]
WholeShare = Annotated[float, Field(ge=0, le=1)]
PositiveShare = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(gt=0)]
Pixels = Annotated[int, Field(gt=0, le=8192)]
Shards = Count | Literal["auto"]


def _odd(value: int) -> int:
    if value % 2 == 0:
        raise ValueError(f"found {value}; expected an odd number")
    return value


Odd = Annotated[Count, AfterValidator(_odd)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


@dataclass(frozen=True)
class OnDisk:
    """Marks a setting that names a file or folder, which must be there."""

    may_be: tuple[Literal["file", "folder"], ...]


UserFile = Annotated[str, OnDisk(("file",))]
UserFolder = Annotated[str, OnDisk(("folder",))]
UserFileOrFolder = Annotated[str, OnDisk(("file", "folder"))]
FILE_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
SHA256 = r"^[0-9a-f]{64}$"
FileName = Annotated[str, Field(pattern=FILE_NAME)]
Sha256 = Annotated[str, Field(pattern=SHA256)]


class Section(BaseModel):
    """A part of config.yaml.

    The descriptions of its fields are the configuration reference (`reference.py`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class PerBodyPart(Section, Generic[Value]):
    """One value for hands, one for feet."""

    hand: Value = Field(description="The value for hands.")
    foot: Value = Field(description="The value for feet.")

    def __getitem__(self, body_part: str) -> Value:
        """The value of "hand" or "foot"."""
        value: Value = getattr(self, BodyPart(body_part))
        return value


class Weights(Section):
    """Pretrained weights from a local file, whose SHA-256 is checked."""

    file: UserFile = Field(description="Path of the local weights file.")
    sha256: Sha256 = Field(
        description="SHA-256 of the file; a file with another one is refused.",
    )
