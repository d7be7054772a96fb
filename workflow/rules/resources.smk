# What each rule asks a cluster for. What one cluster alone wants otherwise (partitions, its longest
# job, fewer CPUs) is said in profiles/slurm/config.yaml; docs/cluster.md tells where the numbers
# are from. CPUs are each rule's own `threads`. A run on one machine is not held to any of this.


# Short enough for the machine that Snakemake runs on: seconds each, on one CPU.
localrules:
    fetch_vgg16,
    fetch_yolov3,
    check_radiographs,
    check_cohort,
    check_images,
    stop_at_problems,
    pass_checks,
    read_scores,
    read_boxes,
    split_patients,
    split_images,
    choose_masks,
    draw_contact_sheet,
    stack_networks,
    bin_stack,
    score_radiographs,
    sum_scores,
    table_joint_scoring,
    table_segmentation,
    table_detection,
    table_mask_yield,
    table_timing,
    table_whole_image,
    table_whole_image_time,
    table_grad_cam,
    compare_pipelines,
    draw_score_distributions,
    draw_clahe,
    draw_good_masks,
    draw_boxed_joints,
    draw_pipeline,
    draw_confusion,
    draw_radiograph_and_classes,
    draw_whole_image_scores,
    draw_grad_cam,
    draw_learning_curves,


# One job asks for no more minutes than this, however often it is tried: trainings go on where they
# were, but for the detector's, which must end in one job.
A_DAY = 24 * 60


def radiographs_of_body_part(wildcards):
    """How many radiographs of a body part there are."""
    if getattr(wildcards, "cohort", "joints") in SYNTHETIC:
        return 2 * study.phantom.patients
    return sum(
        LIMBS[radiograph.limb].body_part == wildcards.body_part
        for radiograph in RADIOGRAPHS
    )


def radiographs_of_shard(wildcards):
    return (
        radiographs_of_body_part(wildcards)
        / study.standardize.shards[wildcards.body_part]
    )


def images_of(cohort):
    """How many images a cohort of whole radiographs, or of children's hands, has."""
    if IMAGE_COHORTS[cohort] == "phantom":
        return (
            PHANTOM.whole_image_patients
            if cohort == "whole_image"
            else PHANTOM.children
        )
    return sum(len(shard) for shard in OWN_IMAGES[cohort].values())


def packed_gb(cohort):
    """A cohort's packed images: they are read once an epoch, and stay in memory if they can."""
    return images_of(cohort) * WHOLE_IMAGE.size**2 / 1e9


def experiment_cohort(wildcards):
    """The cohort that a network is trained on."""
    return NETWORK_EXPERIMENTS[wildcards.network].cohort


# Seconds of work: of one CPU, or of one GPU (a V100 in float32), at the papers' sizes; times how
# much more, or less, this study wants.
PHANTOM, UNET, DETECTOR = study.phantom, study.unet, study.detector
BASE = study.vgg16.synthetic_joints
RADIOGRAPH = study.standardize.height * study.standardize.width / (1500 * 1200)
CROP = (study.crops.size / 64) ** 2
GPUS = 1 if WHOLE_IMAGE.devices == "auto" else WHOLE_IMAGE.devices
UNET_STEP = 0.013 * UNET.height * UNET.width * UNET.filters**2 / (512 * 416 * 16**2)
MAKE_RADIOGRAPH = 0.3 * (PHANTOM.radiograph_height / 1600) ** 2
MAKE_WHOLE_IMAGE = 0.7 * (PHANTOM.whole_image_height / 1600) ** 2
MAKE_CHILD = 0.3 * (PHANTOM.child_radiograph_height / 1600) ** 2
DETECTOR_STEP = 0.02 * DETECTOR.batch * (DETECTOR.image_size / 416) ** 2
TRAIN_IMAGE = {
    "resnet50": 0.066,
    "resnetdwise50": 0.066,
    "resnet34": 0.055,
    "mobilenetv2": 0.04,
}


def network_work(wildcards):
    """Seconds of one training on whole radiographs."""
    epochs = training_settings(wildcards)["epochs"]
    seconds = TRAIN_IMAGE[NETWORK_EXPERIMENTS[wildcards.network].network]
    seconds *= (WHOLE_IMAGE.size / 1024) ** 2 / GPUS
    return images_of(experiment_cohort(wildcards)) * epochs * seconds


# Rule: GB of memory, seconds of work, GPUs.
NEEDS = {
    "make_joint_phantom": (8, 4 * PHANTOM.patients * MAKE_RADIOGRAPH, 0),
    "make_whole_image_phantom": (8, PHANTOM.whole_image_patients * MAKE_WHOLE_IMAGE, 0),
    "make_bone_age_phantom": (8, PHANTOM.children * MAKE_CHILD, 0),
    "standardize": (2, lambda w: radiographs_of_shard(w) * RADIOGRAPH * 0.03, 0),
    "make_entropy_masks": (3, lambda w: radiographs_of_shard(w) * RADIOGRAPH * 0.25, 0),
    "train_unet": (
        8,
        lambda w: UNET.epochs * radiographs_of_body_part(w) * UNET_STEP,
        1,
    ),
    "segment": (4, lambda w: radiographs_of_shard(w) * 0.1, 1),
    "train_detector": (12, DETECTOR.max_batches * DETECTOR_STEP, 1),
    "detect_joints": (6, lambda w: radiographs_of_body_part(w) * 0.1, 1),
    "name_joints": (1, lambda w: radiographs_of_body_part(w) * 0.02, 0),
    "locate_true_joints": (1, lambda w: radiographs_of_body_part(w) * 0.01, 0),
    "crop_joints": (4, lambda w: radiographs_of_body_part(w) * RADIOGRAPH * 0.05, 0),
    "make_synthetic_joints": (2, BASE.joints * 0.02, 0),
    "train_base": (8, BASE.epochs * BASE.joints * CROP * 0.004, 1),
    "extract_features": (6, lambda w: radiographs_of_body_part(w) * CROP * 0.02, 1),
    "train_head": (3, study.heads.seeds * study.heads.epochs, 0),
    "label_radiographs": (2, 60, 0),
    "pack_images": (2, 25, 0),
    "measure_images": (
        lambda w: 2 + packed_gb(w.images),
        lambda w: 10 * packed_gb(w.images),
        0,
    ),
    "train_network": (
        lambda w: 6 + packed_gb(experiment_cohort(w)),
        network_work,
        GPUS,
    ),
    "explain_network": (8, 120, 1),
}


def needs(rule):
    """A rule's `resources`: time for twice its work and ten minutes more. Each further attempt asks
    for as much memory and time again."""
    gigabytes, seconds, gpus = NEEDS[rule]

    def of(amount, wildcards):
        return amount(wildcards) if callable(amount) else amount

    def mem_mb(wildcards, attempt):
        return attempt * round(1000 * of(gigabytes, wildcards))

    def runtime(wildcards, attempt, threads):
        work = of(seconds, wildcards) / (1 if gpus else threads)
        return round(min(attempt * (10 + 2 * work / 60), A_DAY))

    return {"mem_mb": mem_mb, "runtime": runtime} | ({"gpu": gpus} if gpus else {})
