"""The settings of what people bring: cohorts, their checks and split, and the phantom."""

from typing import Any, Literal, Self

from pydantic import model_validator

from sharpflow.workflow.settings.base import Count, Positive, PositiveShare, Section


class JointCohort(Section):
    """Radiographs of hands and feet with scores joint by joint (Tan et al.)."""

    radiographs: str | None
    scores: str | None
    boxes: str | None

    @model_validator(mode="after")
    def _radiographs_have_boxes(self) -> Self:
        if self.radiographs is not None and self.boxes is None:
            raise ValueError(
                "boxes is null, but the detector learns from joint boxes: name the folder that "
                "labelImg wrote, or `phantom` to let it learn on synthetic radiographs"
            )
        return self


class WholeImageColumns(Section):
    """What the table of whole radiographs calls its columns; null where it has none."""

    image: str
    total: str
    age: str | None
    sex: str | None
    patient: str | None


class WholeImageCohort(Section):
    """Radiographs of both hands with the total of hands and wrists (Bo et al.)."""

    table: str | None
    images: str | None
    columns: WholeImageColumns

    @model_validator(mode="after")
    def _table_has_images(self) -> Self:
        if (self.table is None) != (self.images is None):
            raise ValueError("table and images belong together: name both, or neither")
        return self


class BoneAgeCohort(Section):
    """Children's hands with bone ages, in RSNA's layouts, to pretrain on (Bo et al., 2.4)."""

    training_table: str | None
    training_images: str | None
    validation_table: str | None
    validation_images: str | None

    @model_validator(mode="after")
    def _tables_have_images(self) -> Self:
        for part in ("training", "validation"):
            if (getattr(self, f"{part}_table") is None) != (
                getattr(self, f"{part}_images") is None
            ):
                raise ValueError(f"{part}_table and {part}_images belong together")
        if self.training_table is None and self.validation_table is not None:
            raise ValueError("validation_table without training_table")
        return self


class Cohorts(Section):
    """The cohorts of both papers; "phantom" stands for synthetic radiographs."""

    joints: JointCohort | Literal["phantom"]
    whole_image: WholeImageCohort | Literal["phantom"]
    bone_age: BoneAgeCohort | Literal["phantom"]

    @model_validator(mode="before")
    @classmethod
    def _one_word_for_all(cls, value: Any) -> Any:
        return dict.fromkeys(cls.model_fields, "phantom") if value == "phantom" else value

    @model_validator(mode="after")
    def _whole_images_have_pretraining(self) -> Self:
        if self.has_whole_image and not self.has_bone_age:
            raise ValueError(
                "whole_image is set, but bone_age is not, on which its networks are pretrained: "
                "name RSNA's files, or put `phantom` to pretrain on synthetic hands of children"
            )
        return self

    @property
    def has_joints(self) -> bool:
        """Whether there is a cohort to score joint by joint."""
        return self.joints == "phantom" or self.joints.radiographs is not None

    @property
    def has_whole_image(self) -> bool:
        """Whether there is a cohort of whole radiographs."""
        return self.whole_image == "phantom" or self.whole_image.table is not None

    @property
    def has_bone_age(self) -> bool:
        """Whether there is a cohort to pretrain on."""
        return self.bone_age == "phantom" or self.bone_age.training_table is not None


class Checks(Section):
    """What is checked before anything costly, and what happens to what is wrong."""

    on_problem: Literal["stop", "set_aside"]
    require_all_limbs: bool
    max_megapixels: Positive
    ignored_classes: list[str]


class Phantom(Section):
    """Synthetic radiographs in place of, or beside, a cohort."""

    patients: Count
    radiograph_height: Count
    whole_image_patients: Count
    whole_image_height: Count
    children: Count
    child_radiograph_height: Count


class Split(Section):
    """Who is trained on, validated on, tested on."""

    table: str | None
    unit: Literal["patient", "joint"]
    test: PositiveShare
    validation: PositiveShare
    random_state: int
