"""The settings of what people bring: cohorts, their checks and split, and the phantom."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from sharpflow.workflow.settings.base import Count, Positive, PositiveShare, Section


def _not_the_phantom(name: str) -> str:
    if name.strip().lower() in {"", "phantom"}:
        raise ValueError(
            f"found {name!r}; expected another name: phantom means synthetic radiographs"
        )
    return name


CohortName = Annotated[str, AfterValidator(_not_the_phantom)]
_NAME = (
    "What tables and figures call the cohort. null: the name of the folder that holds the "
    "radiographs or, if that is `radiographs` or `images`, of the folder around it."
)


class JointCohort(Section):
    """Radiographs of hands and feet with scores joint by joint (Tan et al.)."""

    name: CohortName | None = Field(None, description=_NAME)
    radiographs: str | None = Field(
        description="A folder of radiographs named `<patient>-<LH|RH|LF|RF>` with the suffix .jpg, "
        ".png, .bmp or .tif, or a CSV with the columns image_id, patient, limb, file (relative to "
        "the CSV) and, optionally, visit. null: there is no joint cohort.",
    )
    scores: str | None = Field(
        description="RA2-DREAM's CSV of 90 columns, read by name. null: masks are made and joints "
        "are found and named, but nothing is scored.",
    )
    boxes: str | None = Field(
        description="The folder that labelImg wrote (Pascal VOC .xml, or YOLO .txt with "
        "classes.txt), or `phantom`: the detector then learns on synthetic radiographs, and every "
        "table says so. A box is labelled with its class (hand: PIP, MCP; foot: PIP, MTP) or, on "
        "all boxes of a radiograph, with its joint (hand: IP, PIP2 to PIP5, MCP1 to MCP5; foot: "
        "IP, MTP1 to MTP5).",
    )

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

    image: str = Field(description="Column with the name of the image file, suffix optional.")
    total: str = Field(description="Column with the total of both hands and wrists, 0 to 280.")
    age: str | None = Field(description="Column with the age. null: the table has none.")
    sex: str | None = Field(description="Column with the sex. null: the table has none.")
    patient: str | None = Field(
        description="Column with the patient. null: the table has none, each image counts as one "
        "patient, and the tables say so.",
    )


class WholeImageCohort(Section):
    """Radiographs of both hands with the total of hands and wrists (Bo et al.)."""

    name: CohortName | None = Field(None, description=_NAME)
    table: str | None = Field(
        description="The CSV of labels, one row a radiograph. null, as `images`: there is no "
        "whole-image cohort.",
    )
    images: str | None = Field(description="The folder with the images that the table names.")
    columns: WholeImageColumns = Field(description="What the table calls its columns.")

    @model_validator(mode="after")
    def _table_has_images(self) -> Self:
        if (self.table is None) != (self.images is None):
            raise ValueError("table and images belong together: name both, or neither")
        return self


class BoneAgeCohort(Section):
    """Children's hands with bone ages, in RSNA's layouts, to pretrain on (Bo et al., 2.4)."""

    name: CohortName | None = Field(None, description=_NAME)
    training_table: str | None = Field(
        description="RSNA's `boneage-training-dataset.csv`. null: there is no bone-age cohort.",
    )
    training_images: str | None = Field(description="The folder with the training images.")
    validation_table: str | None = Field(
        description="RSNA's table of the validation set. null: a share of the training set "
        "validates (`whole_image: split: bone_age_validation`).",
    )
    validation_images: str | None = Field(description="The folder with the validation images.")

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

    joints: JointCohort | Literal["phantom"] = Field(
        description="Radiographs of hands and feet, scored joint by joint (Tan et al.). `phantom`: "
        "synthetic ones.",
    )
    whole_image: WholeImageCohort | Literal["phantom"] = Field(
        description="Radiographs of both hands with the total of hands and wrists (Bo et al.). "
        "`phantom`: synthetic ones.",
    )
    bone_age: BoneAgeCohort | Literal["phantom"] = Field(
        description="Children's hands with bone ages, on which the whole-image networks are "
        "pretrained. `phantom`: synthetic ones, and every table says so.",
    )

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

    on_problem: Literal["stop", "set_aside"] = Field(
        description="`stop`: list every problem of every cohort, and stop. `set_aside`: go on "
        "without what is wrong, and list it in `cohort/<cohort>/problems.csv`.",
    )
    require_all_limbs: bool = Field(
        description="Whether every patient must have all of LH, RH, LF and RF.",
    )
    max_megapixels: Positive = Field(
        description="Larger radiographs are refused before they are decoded, in millions of "
        "pixels.",
    )
    ignored_classes: list[str] = Field(
        description="Classes of the label files that are skipped, since they are none of the "
        "joints that are scored, for instance `[DIP]`.",
    )


class Phantom(Section):
    """Synthetic radiographs in place of, or beside, a cohort."""

    patients: Count = Field(
        description="Patients of the joint cohort, each with four radiographs. The paper: 367.",
    )
    radiograph_height: Count = Field(
        description="Typical height of their radiographs, in pixels; heights vary around it.",
    )
    whole_image_patients: Count = Field(
        description="Patients with both hands on one radiograph (the paper: 3,818). The first are "
        "the patients of the joint cohort, with the same scores; the damage of the others follows "
        "Wang et al.'s cohort.",
    )
    whole_image_height: Count = Field(
        description="Typical height of the radiographs of both hands, in pixels.",
    )
    children: Count = Field(
        description="Hands of children, one a child. The paper: 14,036.",
    )
    child_radiograph_height: Count = Field(
        description="Typical height of the children's radiographs, in pixels.",
    )


class Split(Section):
    """Who is trained on, validated on, tested on."""

    table: str | None = Field(
        description="A CSV of your own with the columns patient and split (train, validation, "
        "test). null: the split is sampled.",
    )
    unit: Literal["patient", "joint"] = Field(
        description="`patient`: no patient is in two splits. `joint`: for scoring, joints are "
        "split at random, whoever's they are, which the paper may mean; scores then do not measure "
        "new patients, and totals and the comparison of pipelines are refused.",
    )
    test: PositiveShare = Field(description="Share of all that tests. The paper: 10%.")
    validation: PositiveShare = Field(
        description="Share of the rest that validates. The paper: 10%.",
    )
    random_state: int = Field(description="scikit-learn's random state. The paper: 42.")
