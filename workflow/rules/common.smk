# What the other rules share: the checked settings, and which files a cohort has.
from pathlib import Path

from snakemake.exceptions import WorkflowError

from sharpflow.anatomy import LIMBS, MODELS, BodyPart
from sharpflow.workflow.code_digest import code_digest
from sharpflow.cohorts.radiographs import list_radiographs
from sharpflow.workflow.settings import load_study
from sharpflow.errors import UserError
from sharpflow.imaging.shards import shard_of

try:
    study = load_study(config)
except UserError as error:
    raise WorkflowError(str(error))

HAS_JOINTS, HAS_WHOLE_IMAGE = study.cohorts.has_joints, study.cohorts.has_whole_image
JOINTS = study.cohorts.joints
RADIOGRAPHS = (
    list_radiographs(JOINTS.radiographs).radiographs
    if HAS_JOINTS and JOINTS != "phantom"
    else []
)
# A cohort may have hands only. Without any radiographs both body_parts stay, and the check says
# what is wrong.
BODY_PARTS = sorted(
    {LIMBS[radiograph.limb].body_part.value for radiograph in RADIOGRAPHS}, reverse=True
)
BODY_PARTS = BODY_PARTS or [body_part.value for body_part in BodyPart]
MODELS = {
    name: (damage, body_part)
    for name, (damage, body_part) in MODELS.items()
    if body_part in BODY_PARTS
}
# The synthetic cohorts: the one that is scored, or one only to train the detector on.
SYNTHETIC = (
    {"joints"}
    if JOINTS == "phantom"
    else {"boxed"} if JOINTS.boxes == "phantom" else set()
)
# The cohort whose boxes train the detector.
BOXED = "boxed" if "boxed" in SYNTHETIC else "joints"
HAS_TRUTH = "joints" in SYNTHETIC
SET_ASIDE = study.checks.on_problem == "set_aside"
HAS_SCORES = HAS_TRUTH or JOINTS.scores is not None
JOINT_SPLIT = study.split.model_dump(exclude={"table"})
HAS_TOTALS = HAS_SCORES and study.split.unit == "patient"


wildcard_constraints:
    cohort="joints|boxed",
    body_part="hand|foot",
    shard=r"\d\d",
    model="|".join(MODELS),


# For params, where Snakemake does not fill in <results>.
RESULTS = f"results/{study.study}"


def code(script):
    """Digest of the library code that a script runs."""
    return code_digest(f"{workflow.basedir}/workflow/scripts/{script}.py")


def phantom_folder(cohort):
    return f"{RESULTS}/phantom/{cohort}"


def source(part, synthetic_at):
    """Where a part of a cohort lies: as config.yaml says, or in the folder it is made in."""

    def of_cohort(wildcards):
        if wildcards.cohort in SYNTHETIC:
            return f"{phantom_folder(wildcards.cohort)}/{synthetic_at}"
        return getattr(JOINTS, part)

    return of_cohort


radiographs_source = source("radiographs", "radiographs")
scores_source = source("scores", "scores.csv")
boxes_source = source("boxes", "boxes")


def files(list_own):
    """The files that a cohort has at present; for a synthetic one, the folder it is made in."""

    def of_cohort(wildcards):
        drawn = wildcards.cohort in SYNTHETIC
        return phantom_folder(wildcards.cohort) if drawn else list_own(wildcards)

    return of_cohort


def own_shard(wildcards):
    """The user's radiographs of one body part that belong to a shard."""
    shards = study.standardize.shards[wildcards.body_part]
    return [
        radiograph
        for radiograph in RADIOGRAPHS
        if LIMBS[radiograph.limb].body_part == wildcards.body_part
        and shard_of(radiograph.image_id, shards) == wildcards.shard
    ]


def own_shard_rows(wildcards):
    """The same radiographs as plain values; none where they are synthetic, and known only once made."""
    radiographs = [] if wildcards.cohort in SYNTHETIC else own_shard(wildcards)
    return [
        [f.image_id, f.patient, f.limb, f.visit, str(f.path), f.listed]
        for f in radiographs
    ]


def existing(paths):
    """Paths that are there; what is missing is for the check to say, with the rest."""
    return [str(path) for path in paths if Path(path).exists()]


shard_radiograph_files = files(
    lambda wildcards: existing(f.path for f in own_shard(wildcards))
)
score_files = files(
    lambda wildcards: existing([JOINTS.scores] if JOINTS.scores else [])
)
box_files = files(
    lambda wildcards: (
        sorted(existing(Path(JOINTS.boxes).glob("*"))) if JOINTS.boxes else []
    )
)


def every_shard(pattern, body_parts=BODY_PARTS):
    """All shards of a stage, hands first."""
    return [
        path
        for body_part in body_parts
        for path in expand(
            pattern,
            body_part=body_part,
            allow_missing=True,
            shard=[
                f"{number:02d}" for number in range(study.standardize.shards[body_part])
            ],
        )
    ]


def radiographs_of(cohort):
    """The tables of a cohort's radiographs, without what was set aside.

    Where problems stop the run they are the tables as read: those of the check would make a
    corrected score rerun everything.
    """
    if SET_ASIDE:
        return [f"<results>/cohort/{cohort}/kept/radiographs.csv"]
    return every_shard(
        f"<results>/cohort/{cohort}/radiographs/{{body_part}}/{{shard}}.csv"
    )


def cohort_table(name, cohort="joints"):
    """A cohort's "scores" or "boxes", without what was set aside."""
    return f"<results>/cohort/{cohort}/{'kept/' if SET_ASIDE else ''}{name}.csv"


def of_split_by_patient(files):
    """The input of what sums a patient's joints; refused where some of them are trained on."""

    def given(wildcards):
        if study.split.unit == "joint":
            raise WorkflowError(
                "split: unit: joint puts joints of one patient into training and into test, so "
                "there are no sums of a patient's joints, and no comparison with whole images "
                "(scores/totals.csv, tables/pipelines, figures/pipelines). Set unit: patient for them."
            )
        return files

    return given


def shards(pattern):
    """All shards of a stage, for the wildcard `body_part`."""
    return lambda wildcards: every_shard(pattern, [wildcards.body_part])


def first_shards(pattern):
    """All shards of the first body part that there is."""
    return every_shard(pattern, BODY_PARTS[:1])


def boxed_masks(wildcards):
    """The masks of the radiographs that train the detector: the U-Net's, for synthetic radiographs their own."""
    if BOXED == "boxed":
        return phantom_folder("boxed")
    return every_shard(
        "<results>/masks/unet/{body_part}/{shard}.npy", [wildcards.body_part]
    )


def folder_name(file):
    """The name of the folder that a file lies in; nothing for no file."""
    return Path(file).resolve().parent.name if file else ""


def data_name(cohort="joints"):
    """What a table says its data are: "phantom", or the name of the cohort's folder."""
    return "phantom" if cohort in SYNTHETIC else folder_name(JOINTS.radiographs)


def weights_name(weights):
    return weights if isinstance(weights, str) else Path(weights.file).name


def own_weights(weights):
    """A local weights file and its SHA-256; nothing where they are downloaded."""
    return {"file": None} if isinstance(weights, str) else weights.model_dump()


def vgg16_base():
    """The VGG16 base that the study asks for."""
    name = "synthetic_joints" if study.vgg16.weights == "none" else "imagenet"
    return f"<results>/vgg16/{name}.keras"


def detector_start():
    """The weights that the detector's training begins from, if any."""
    return [] if study.detector.weights == "none" else "<results>/detector/coco.pt"


def study_notes():
    """What every table says of the data and the models behind it."""
    return {
        "data": data_name(),
        "base_weights": weights_name(study.vgg16.weights),
        "detector": study.detector.model,
        "detector_data": data_name(BOXED),
        "detector_weights": weights_name(study.detector.weights),
        "rule": study.identification.rule,
        "unit": study.split.unit,
    }


def as_tables(names):
    return expand("<results>/tables/{name}.csv", name=names)


def as_figures(names):
    return expand(
        "<results>/figures/{name}.{suffix}", name=names, suffix=["png", "pdf"]
    )


def as_checked(names):
    return expand("<results>/cohort/{name}/problems.csv", name=names)


def refuse_surviving_jobs():
    """Stop if jobs that an earlier run gave to Slurm still write in this folder."""
    from sharpflow.workflow.surviving_jobs import refuse_beside_surviving_jobs

    if workflow.non_local_exec or Path(".snakemake/slurm_logs").exists():
        try:
            refuse_beside_surviving_jobs(Path.cwd())
        except UserError as error:
            raise WorkflowError(str(error))


def write_run_record():
    from sharpflow.workflow.provenance import write_record

    write_record(RESULTS, study.model_dump(mode="json"), workflow.basedir)
