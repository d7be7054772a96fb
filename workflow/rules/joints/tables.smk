# Tables, each as .csv (fractions), .md and .tex (per cent, beside the paper's values).


# Table 1 of Tan et al.: the four models on the test patients' joints, and its recalls score by
# score.
rule table_joint_scoring:
    input:
        predictions=expand("<results>/heads/{model}/predictions.csv", model=MODELS),
        joints="<results>/scores/joints.csv",
    output:
        multiext("<results>/tables/joint_scoring", ".csv", ".md", ".tex"),
        multiext("<results>/tables/joint_recalls", ".csv", ".md", ".tex"),
    log:
        "<logs>/table_joint_scoring.log",
    benchmark:
        "<benchmarks>/table_joint_scoring.tsv"
    conda:
        "../../../envs/imaging.yaml"
    params:
        models=list(MODELS),
        notes=study_notes(),
        resamples=study.evaluation.resamples,
        seed=study.seed,
        code=code("joints/table_joint_scoring"),
    script:
        "../../scripts/joints/table_joint_scoring.py"


# Both kinds of mask against the limb's true outline, where it is known.
rule table_segmentation:
    input:
        split="<results>/cohort/joints/split.csv",
        truth=phantom_folder("joints"),
        rows=every_shard("<results>/standardized/joints/{body_part}/{shard}.csv"),
        bootstrap=every_shard("<results>/masks/entropy/{body_part}/{shard}.npy"),
        unet=every_shard("<results>/masks/unet/{body_part}/{shard}.npy"),
        chosen=expand("<results>/masks/chosen/{body_part}.csv", body_part=BODY_PARTS),
    output:
        multiext("<results>/tables/segmentation", ".csv", ".md", ".tex"),
    log:
        "<logs>/table_segmentation.log",
    benchmark:
        "<benchmarks>/table_segmentation.tsv"
    conda:
        "../../../envs/imaging.yaml"
    params:
        crop_bottom=study.standardize.crop_bottom.model_dump(),
        notes=study_notes(),
        resamples=study.evaluation.resamples,
        seed=study.seed,
        code=code("joints/table_segmentation"),
    script:
        "../../scripts/joints/table_segmentation.py"


# Joints found, and found and rightly named, by both rules, on test patients' radiographs.
rule table_detection:
    input:
        split="<results>/cohort/joints/split.csv",
        rows=every_shard("<results>/standardized/joints/{body_part}/{shard}.csv"),
        joints=expand(
            "<results>/detection/{body_part}/joints.csv", body_part=BODY_PARTS
        ),
        boxes=expand("<results>/detection/{body_part}/boxes.csv", body_part=BODY_PARTS),
        true_joints=expand(
            "<results>/detection/{body_part}/true_joints.csv", body_part=BODY_PARTS
        ),
        boxed=cohort_table("boxes"),
    output:
        multiext("<results>/tables/detection", ".csv", ".md", ".tex"),
    log:
        "<logs>/table_detection.log",
    benchmark:
        "<benchmarks>/table_detection.tsv"
    conda:
        "../../../envs/imaging.yaml"
    params:
        notes=study_notes(),
        resamples=study.evaluation.resamples,
        seed=study.seed,
        code=code("joints/table_detection"),
    script:
        "../../scripts/joints/table_detection.py"


# How many entropy masks were good, beside the paper's 296 and 238 of 734.
rule table_mask_yield:
    input:
        expand("<results>/masks/chosen/{body_part}.csv", body_part=BODY_PARTS),
    output:
        multiext("<results>/tables/mask_yield", ".csv", ".md", ".tex"),
    log:
        "<logs>/table_mask_yield.log",
    benchmark:
        "<benchmarks>/table_mask_yield.tsv"
    conda:
        "../../../envs/imaging.yaml"
    params:
        notes=study_notes(),
        code=code("joints/table_mask_yield"),
    script:
        "../../scripts/joints/table_mask_yield.py"


# Minutes a patient from radiograph to scores, from this run's benchmark files.
rule table_timing:
    input:
        radiographs=radiographs_of("joints"),
        scores="<results>/scores/joints.csv",
        checked=checked("joints"),
    output:
        multiext("<results>/timing/minutes_per_patient", ".csv", ".md", ".tex"),
    log:
        "<logs>/table_timing.log",
    benchmark:
        "<benchmarks>/table_timing.tsv"
    conda:
        "../../../envs/imaging.yaml"
    params:
        benchmarks=f"{RESULTS}/benchmarks",
        notes=study_notes(),
        code=code("joints/table_timing"),
    script:
        "../../scripts/joints/table_timing.py"
