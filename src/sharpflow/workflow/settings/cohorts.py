"""The settings of what people bring: cohorts, their checks and split, and the phantom."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from sharpflow.workflow.settings.base import (
    Count,
    Positive,
    PositiveShare,
    Section,
    UserFile,
    UserFileOrFolder,
    UserFolder,
    WholeShare,
)
from sharpflow.workflow.settings.warnings import Warnings

Children = Annotated[int, Field(ge=10)]


def _not_the_phantom(name: str) -> str:
    if name.strip().lower() in {"", "phantom"}:
        raise ValueError(
            f"found {name!r}; expected another name: phantom means synthetic radiographs"
        )
    return name


CohortName = Annotated[str, AfterValidator(_not_the_phantom)]
_NAME = (
    "What tables and figures call the cohort. null: the name of the folder that holds the "
    "radiographs or, if that is `radiographs` or `images`, of the folder around it; if that is "
    "`data` or `phantom`, the study's."
)


class JointCohort(Section):
    """Radiographs of hands and feet with scores joint by joint (Tan et al.)."""

    name: CohortName | None = Field(None, description=_NAME)
    radiographs: UserFileOrFolder | None = Field(
        description="A folder of radiographs named `<patient>-<LH|RH|LF|RF>`, those of further "
        "visits `<patient>@<visit>-<LH|RH|LF|RF>`, with the suffix .jpg, .png, .bmp, .tif or .dcm "
        "(DICOM also with another or none), or a CSV with the columns image_id, patient, limb, "
        "file (relative to the CSV) and, optionally, visit. null: there is no joint cohort.",
    )
    scores: UserFile | None = Field(
        description="RA2-DREAM's CSV of 90 columns, read by name, with a column `visit` where "
        "patients have several. The sums, and all columns of a limb without radiographs, may be "
        "missing (docs/how-to/your_own_data.md lists the columns). Radiographs whose visit has no "
        "scores are predicted only. null: masks are made and joints are found and named, but "
        "nothing is scored.",
    )
    boxes: UserFolder | None = Field(
        description="The folder that labelImg wrote (Pascal VOC .xml, or YOLO .txt with "
        "classes.txt), or `phantom`: the detector then learns on synthetic radiographs, and every "
        "table says so. A box is labelled with its class (hand: PIP, MCP; foot: PIP, MTP) or, on "
        "all boxes of a radiograph, with its joint (hand: IP, PIP2 to PIP5, MCP1 to MCP5; foot: "
        "IP, MTP1 to MTP5).",
    )

    @model_validator(mode="after")
    def _nothing_without_radiographs(self) -> Self:
        given = [key for key in ("scores", "boxes") if getattr(self, key) is not None]
        if self.radiographs is None and given:
            raise ValueError(
                f"radiographs is null, but {' and '.join(given)} is set: name the folder of the "
                "radiographs, or the CSV that lists them"
            )
        return self

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
    id: str | None = Field(
        description="Column with the image_id, by which results name the image: letters, digits, "
        "_, - and single points. null: the file's name without suffix, which then has to be such.",
    )
    total: str = Field(
        description="Column with the total of both hands and wrists, 0 to 280; a mean of "
        "readers may have halves or thirds."
    )
    age: str | None = Field(description="Column with the age. null: the table has none.")
    sex: str | None = Field(description="Column with the sex. null: the table has none.")
    patient: str | None = Field(
        description="Column with the patient. null: the table has none, each image counts as one "
        "patient, and the tables say so.",
    )
    visit: str | None = Field(
        description="Column with the visit, named as in the joint cohort. null: the table has "
        "none, all are visit 1.",
    )


class WholeImageCohort(Section):
    """Radiographs of both hands with the total of hands and wrists (Bo et al.)."""

    name: CohortName | None = Field(None, description=_NAME)
    table: UserFile | None = Field(
        description="The CSV of labels, one row a radiograph. null, as `images`: there is no "
        "whole-image cohort.",
    )
    images: UserFolder | None = Field(
        description="The folder with the images that the table names."
    )
    columns: WholeImageColumns = Field(description="What the table calls its columns.")

    @model_validator(mode="after")
    def _table_has_images(self) -> Self:
        if (self.table is None) != (self.images is None):
            raise ValueError("table and images belong together: name both, or neither")
        return self


class BoneAgeCohort(Section):
    """Children's hands with bone ages, in RSNA's layouts, to pretrain on (Bo et al., 2.4)."""

    name: CohortName | None = Field(None, description=_NAME)
    training_table: UserFile | None = Field(
        description="RSNA's `boneage-training-dataset.csv`. null: there is no bone-age cohort.",
    )
    training_images: UserFolder | None = Field(description="The folder with the training images.")
    validation_table: UserFile | None = Field(
        description="RSNA's table of the validation set. null: a share of the training set "
        "validates (`whole_image: split: bone_age_validation`).",
    )
    validation_images: UserFolder | None = Field(
        description="The folder with the validation images."
    )

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

    joints: JointCohort | Literal["phantom"] | None = Field(
        description="Radiographs of hands and feet, scored joint by joint (Tan et al.). `phantom`: "
        "synthetic ones. null: none.",
    )
    whole_image: WholeImageCohort | Literal["phantom"] | None = Field(
        description="Radiographs of both hands with the total of hands and wrists (Bo et al.). "
        "`phantom`: synthetic ones. null: none.",
    )
    bone_age: BoneAgeCohort | Literal["phantom"] | None = Field(
        description="Children's hands with bone ages, on which the whole-image networks are "
        "pretrained. `phantom`: synthetic ones, and every table says so. null: none.",
    )

    @model_validator(mode="before")
    @classmethod
    def _one_word_for_all(cls, value: Any) -> Any:
        if value is None or value == "phantom":
            return dict.fromkeys(cls.model_fields, value)
        if isinstance(value, str):
            raise ValueError(
                f"found {value!r}; input should be a section with keys of its own, or 'phantom' "
                "for synthetic radiographs (the demo is `snakemake --workflow-profile demo`)"
            )
        return value

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
        cohort = self.joints
        return bool(cohort == "phantom" or (cohort and cohort.radiographs))

    @property
    def has_whole_image(self) -> bool:
        """Whether there is a cohort of whole radiographs."""
        cohort = self.whole_image
        return bool(cohort == "phantom" or (cohort and cohort.table))

    @property
    def has_bone_age(self) -> bool:
        """Whether there is a cohort to pretrain on."""
        cohort = self.bone_age
        return bool(cohort == "phantom" or (cohort and cohort.training_table))


class Checks(Section):
    """What is checked before anything costly, and what happens to what is wrong."""

    on_problem: Literal["stop", "set_aside"] = Field(
        description="`stop`: list every problem of every cohort, and stop. `set_aside`: go on "
        "without what is wrong, and list it in `cohort/<cohort>/problems.csv`.",
    )
    require_all_limbs: bool = Field(
        description="Whether every patient must have all of LH, RH, LF and RF.",
    )
    near_ids: Literal["refuse", "accept"] = Field(
        description="Patients' ids that differ only by case, blanks, leading zeros, -, _ or ., in "
        "one cohort or across both. `refuse`: they stop the run, as one person may stand behind "
        "them. `accept`: they are different people.",
    )
    max_megapixels: Positive = Field(
        description="Larger radiographs are refused before they are decoded, in millions of "
        "pixels.",
    )
    contradicting_headers: Literal["problem", "warn"] = Field(
        description="A DICOM header that names another body part or side than the file's name or "
        "the table, or a lateral view: `problem`: the radiograph is listed as a problem; `warn`: "
        "it is used, and is among the cohort's warnings.",
    )
    ignored_classes: list[str] = Field(
        description="Classes of the label files that are skipped, since they are none of the "
        "joints that are scored, for instance `[DIP]`.",
    )
    warnings: Warnings = Field(
        description="From where on something well formed counts as implausible, and is listed in "
        "`cohort/<cohort>/warnings.csv`. Warnings stop nothing.",
    )


class BoxedPhantom(Section):
    """The synthetic radiographs that train the detector where the user's have no boxes."""

    children: WholeShare = Field(
        description="Share of these patients whose hands are those of a child or adolescent of 1 "
        "to 18 years, without damage. Feet are always grown. Ours.",
    )
    varied: WholeShare = Field(
        description="Share of these radiographs that vary as widely as archives do in pose, place, "
        "exposure, ground and shutters. The others look like those of the scored phantom. Ours.",
    )
    rough_masks: WholeShare = Field(
        description="Share of these radiographs whose true mask is made as rough as a U-Net's "
        "before the detector sees it. Ours.",
    )


class Phantom(Section):
    """Synthetic radiographs in place of, or beside, a cohort."""

    patients: Count = Field(
        description="Patients of the joint cohort, each with four radiographs. The paper: 367.",
    )
    visits: Count = Field(
        description="Visits of each patient of the joint cohort. From visit to visit scores stay "
        "or rise.",
    )
    radiograph_height: Count = Field(
        description="Typical height of their radiographs, in pixels; heights vary around it.",
    )
    boxed: BoxedPhantom = Field(
        description="How the radiographs of `boxes: phantom` differ from those that are scored.",
    )
    whole_image_patients: Count = Field(
        description="Patients with both hands on one radiograph (the paper: 3,818). The first are "
        "the patients of the joint cohort, with the same scores; the damage of the others follows "
        "Wang et al.'s cohort.",
    )
    whole_image_height: Count = Field(
        description="Typical height of the radiographs of both hands, in pixels.",
    )
    children: Children = Field(
        description="Hands of children, one a child, of whom a tenth validates. The paper: 14,036.",
    )
    child_radiograph_height: Count = Field(
        description="Typical height of the children's radiographs, in pixels.",
    )


class Split(Section):
    """Who is trained on, validated on, tested on."""

    table: UserFile | None = Field(
        description="A CSV of your own with the columns patient and split (train, validation, "
        "test, in any case), which the check judges. null: the split is sampled. Patients keep "
        "their split when others come or go; a change of `test`, `validation` or `random_state` "
        "deals all anew.",
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
