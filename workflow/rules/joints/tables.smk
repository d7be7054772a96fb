# Tables, each as .csv (fractions), .md and .tex (per cent, beside the paper's values).


rule table_joint_scoring:
    """Table 1: the four models on the test patients' joints; and their recalls score by score."""
    input:
        predictions=JOINTS.each_model("<results>/heads/{model}/predictions.csv"),
        joints="<results>/scores/joints.csv",
    output:
        shown_table("joint_scoring", "Table 1: scores of joints", TAN),
        shown_table("joint_recalls", "Recall of each score", TAN),
    log:
        "<logs>/table_joint_scoring.log",
    benchmark:
        "<benchmarks>/table_joint_scoring.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        models=list(JOINTS.models),
        notes=JOINTS.notes(),
        resamples=study.evaluation.resamples,
        seed=study.seed,
        code=code("joints/table_joint_scoring"),
    script:
        "../../scripts/joints/table_joint_scoring.py"


rule table_segmentation:
    """Table: entropy and U-Net masks against the limb's true outline, where it is known."""
    input:
        split="<results>/cohort/joints/split.csv",
        truth=JOINTS.sources.phantom_folder("joints"),
        rows=JOINTS.every_shard("<results>/standardized/joints/{body_part}/{shard}.csv"),
        bootstrap=JOINTS.every_shard("<results>/masks/entropy/{body_part}/{shard}.npy"),
        unet=JOINTS.every_shard("<results>/masks/unet/{body_part}/{shard}.npy"),
        chosen=JOINTS.each_body_part("<results>/masks/chosen/{body_part}.csv"),
    output:
        shown_table("segmentation", "Overlap of masks with the truth", TAN),
    log:
        "<logs>/table_segmentation.log",
    benchmark:
        "<benchmarks>/table_segmentation.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        crop_bottom=study.standardize.crop_bottom.model_dump(),
        notes=JOINTS.notes(),
        resamples=study.evaluation.resamples,
        seed=study.seed,
        code=code("joints/table_segmentation"),
    script:
        "../../scripts/joints/table_segmentation.py"


rule table_detection:
    """Table: joints found, and found and rightly named, by both rules, on test patients'
    radiographs.
    """
    input:
        split="<results>/cohort/joints/split.csv",
        rows=JOINTS.every_shard("<results>/standardized/joints/{body_part}/{shard}.csv"),
        joints=JOINTS.each_body_part("<results>/detection/{body_part}/joints.csv"),
        boxes=JOINTS.each_body_part("<results>/detection/{body_part}/boxes.csv"),
        true_joints=JOINTS.each_body_part(
            "<results>/detection/{body_part}/true_joints.csv"
        ),
        boxed=JOINTS.cohort_table("boxes"),
    output:
        shown_table("detection", "Joints found and named", TAN),
    log:
        "<logs>/table_detection.log",
    benchmark:
        "<benchmarks>/table_detection.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        notes=JOINTS.notes(),
        resamples=study.evaluation.resamples,
        seed=study.seed,
        code=code("joints/table_detection"),
    script:
        "../../scripts/joints/table_detection.py"


rule table_mask_yield:
    """Table: how many entropy masks were good, beside the paper's 296 and 238 of 734."""
    input:
        JOINTS.each_body_part("<results>/masks/chosen/{body_part}.csv"),
    output:
        shown_table("mask_yield", "Entropy masks chosen for training", TAN),
    log:
        "<logs>/table_mask_yield.log",
    benchmark:
        "<benchmarks>/table_mask_yield.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        notes=JOINTS.notes(),
        code=code("joints/table_mask_yield"),
    script:
        "../../scripts/joints/table_mask_yield.py"


rule table_timing:
    """Table: minutes a patient from radiograph to scores, from this run's benchmark files."""
    input:
        radiographs=JOINTS.radiograph_tables("joints"),
        scores="<results>/scores/joints.csv",
        checked=checked("joints"),
    output:
        shown_table(
            "minutes_per_patient",
            "Minutes from radiographs to scores",
            "Cost",
            folder="timing",
        ),
    log:
        "<logs>/table_timing.log",
    benchmark:
        "<benchmarks>/table_timing.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        benchmarks=f"{RESULTS}/benchmarks",
        notes=JOINTS.notes(),
        code=code("joints/table_timing"),
    script:
        "../../scripts/joints/table_timing.py"
