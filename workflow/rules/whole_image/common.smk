# What the rules of whole-image scoring share: its cohorts' files and the experiments.
from dataclasses import asdict

from sharpflow.cohorts.bone_age import list_bone_age
from sharpflow.cohorts.whole_images import list_whole_images
from sharpflow.seeds import replicate_seed
from sharpflow.whole_image.experiments import (
    BinnedExperiment,
    NetworkExperiment,
    StackExperiment,
    candidates,
    choose_experiments,
)

WHOLE_IMAGE = study.whole_image
try:
    CHOSEN = choose_experiments(
        WHOLE_IMAGE.experiments, WHOLE_IMAGE.core, WHOLE_IMAGE.stacking.members
    )
    choose_experiments(list(WHOLE_IMAGE.experiment_epochs), [])  # are all there
except UserError as error:
    raise WorkflowError(f"whole_image (experiments, core, experiment_epochs): {error}")
NETWORK_EXPERIMENTS = {
    experiment.name: experiment
    for experiment in CHOSEN
    if isinstance(experiment, NetworkExperiment)
}
STACK_EXPERIMENTS = {
    experiment.name: experiment
    for experiment in CHOSEN
    if isinstance(experiment, StackExperiment)
}
BINNED_EXPERIMENTS = {
    experiment.name: experiment
    for experiment in CHOSEN
    if isinstance(experiment, BinnedExperiment)
}

# The networks of the paper's Figures 3 and 5, and the experiment that stands for this pipeline
# beside Tan et al.'s: the paper's best, or what there is.
EXPLAINED = {
    task: name
    for task, name in {
        "total": "total-resnet50-rbs1",
        "severity": "severity-resnet50-finetuned",
    }.items()
    if name in NETWORK_EXPERIMENTS
}
TOTAL_EXPERIMENTS = [
    experiment.name
    for experiment in (*STACK_EXPERIMENTS.values(), *NETWORK_EXPERIMENTS.values())
    if experiment.task == "total"
]
COMPARED_EXPERIMENT = next(
    (
        name
        for name in ("total-stack-batch16", *TOTAL_EXPERIMENTS)
        if name in TOTAL_EXPERIMENTS
    ),
    None,
)

# Where each training of the experiments lies in <results>/whole, and its seed: the first, whose
# scores are used, in no folder of its own.
REPLICATES = {
    f"seed-{number}/" if number > 1 else "": replicate_seed(study.seed, number)
    for number in range(1, WHOLE_IMAGE.seeds + 1)
}

# Each cohort of images: what config.yaml says of it, and the function that lists its files.
IMAGE_COHORTS = {
    "whole_image": study.cohorts.whole_image,
    "bone_age": study.cohorts.bone_age,
}
LISTS = {"whole_image": list_whole_images, "bone_age": list_bone_age}
WHOLE_IMAGE_IS_PHANTOM = IMAGE_COHORTS["whole_image"] == "phantom"
# Patients may be in both cohorts where both are the user's own, or both synthetic: the same name is
# then the same person, who keeps one split, and both pipelines can be compared.
SHARES_PATIENTS = HAS_JOINTS and HAS_WHOLE_IMAGE and WHOLE_IMAGE_IS_PHANTOM == HAS_TRUTH
HAS_BOTH = SHARES_PATIENTS and HAS_TOTALS and COMPARED_EXPERIMENT is not None


wildcard_constraints:
    images="whole_image|bone_age",
    replicate=f"({'|'.join(REPLICATES)})",
    network="|".join(NETWORK_EXPERIMENTS),
    stack="|".join(STACK_EXPERIMENTS),
    binned="|".join(BINNED_EXPERIMENTS),
    experiment="|".join(experiment.name for experiment in CHOSEN),
    task="|".join(EXPLAINED),


def image_source(name):
    """Where a cohort's tables and images lie, as the arguments of its reader."""
    settings, folder = IMAGE_COHORTS[name], phantom_folder(name)
    if settings != "phantom":
        return settings.model_dump()
    if name == "whole_image":
        columns = {key: key for key in ("image", "total", "age", "sex", "patient")}
        return {
            "table": f"{folder}/labels.csv",
            "images": f"{folder}/images",
            "columns": columns,
        }
    return {
        f"{part}_{what}": f"{folder}/boneage-{part}-dataset{suffix}"
        for part in ("training", "validation")
        for what, suffix in (("table", ".csv"), ("images", ""))
    }


# The user's own images by shard; synthetic ones are known only once made.
OWN_IMAGES = {"whole_image": {}, "bone_age": {}}
for name, settings in IMAGE_COHORTS.items():
    if HAS_WHOLE_IMAGE and settings != "phantom":
        for image in LISTS[name](**settings.model_dump()).images:
            shard = shard_of(image.image_id, WHOLE_IMAGE.shards.model_dump()[name])
            OWN_IMAGES[name].setdefault(shard, {})[image.image_id] = str(image.path)


def own_images(wildcards):
    """The user's images of one shard: image_id -> file."""
    return OWN_IMAGES[wildcards.images].get(wildcards.shard, {})


def image_files(wildcards):
    """What a shard is packed from: its files that are there, or the folder of synthetic ones."""
    if IMAGE_COHORTS[wildcards.images] == "phantom":
        return phantom_folder(wildcards.images)
    return existing(own_images(wildcards).values())


def image_tables(name):
    """The tables of labels that are there, or the folder of synthetic ones."""
    if IMAGE_COHORTS[name] == "phantom":
        return phantom_folder(name)
    return existing(
        path
        for key, path in image_source(name).items()
        if path and key.removesuffix("table") != key
    )


def packed(suffix, name="{images}"):
    """All shards of a cohort of images."""

    def of_cohort(wildcards):
        cohort = name.format(**wildcards)
        numbers = range(WHOLE_IMAGE.shards.model_dump()[cohort])
        return [f"<results>/packed/{cohort}/{n:02d}{suffix}" for n in numbers]

    return of_cohort


def experiment_files(what, names, replicate=""):
    return [f"<results>/whole_image/{replicate}{name}/{what}" for name in names]


def repeated_files(what, names):
    """The same of all further seeds."""
    return [
        file
        for replicate in REPLICATES
        if replicate
        for file in experiment_files(what, names, replicate)
    ]


def experiment_seed(wildcards):
    """The seed of a training."""
    return REPLICATES[wildcards.replicate]


def members(wildcards):
    """Predictions of the networks among which a stack's members are chosen."""
    groups = candidates(
        STACK_EXPERIMENTS[wildcards.stack],
        NETWORK_EXPERIMENTS,
        WHOLE_IMAGE.stacking.members,
    )
    names = [name for group in groups for name in group]
    return experiment_files("predictions.csv", names, wildcards.replicate)


def image_data_name(name):
    """What a table says its data are: "phantom", or the name of the table's folder."""
    settings = IMAGE_COHORTS[name]
    if settings == "phantom":
        return "phantom"
    return folder_name(
        settings.table if name == "whole_image" else settings.training_table
    )


def training_settings(wildcards):
    """How a network is trained; some of it is other for bone age."""
    names = (
        "schedule",
        "rotations",
        "momentum",
        "weight_decay",
        "precision",
        "channels_last",
        "compile",
        "activation_checkpointing",
        "devices",
    )
    pretrains = NETWORK_EXPERIMENTS[wildcards.network].task == "bone_age"
    own = WHOLE_IMAGE.pretraining if pretrains else WHOLE_IMAGE
    return {name: getattr(WHOLE_IMAGE, name) for name in names} | {
        "epochs": WHOLE_IMAGE.experiment_epochs.get(wildcards.network, own.epochs),
        "learning_rate": own.learning_rate,
    }


def whole_image_notes():
    """What every table of this half says of the data and the training behind it."""
    by_patient = WHOLE_IMAGE_IS_PHANTOM or IMAGE_COHORTS["whole_image"].columns.patient
    return {
        "data": image_data_name("whole_image"),
        "pretraining_data": image_data_name("bone_age"),
        "image_size": WHOLE_IMAGE.size,
        "contrast": WHOLE_IMAGE.contrast,
        "rotations": WHOLE_IMAGE.rotations,
        "epochs": WHOLE_IMAGE.epochs,
        "experiment_epochs": WHOLE_IMAGE.experiment_epochs,
        "pretraining_epochs": WHOLE_IMAGE.pretraining.epochs,
        "split_by": "patient" if by_patient else "image",
        "members": WHOLE_IMAGE.stacking.members,
        "fitted_on": WHOLE_IMAGE.stacking.fitted_on,
    }
