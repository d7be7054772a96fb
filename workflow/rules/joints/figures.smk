# Figures 1 to 6 of Tan et al., each as .png and .pdf.


# Figure 1: how often each score occurs in each limb.
rule draw_score_distributions:
    input:
        scores=JOINTS.cohort_table("scores"),
        checked=checked("joints"),
    output:
        multiext("<results>/figures/tan_fig1_score_distributions", ".png", ".pdf"),
    log:
        "<logs>/draw_score_distributions.log",
    benchmark:
        "<benchmarks>/draw_score_distributions.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        data=JOINTS.data_name(),
        code=code("joints/draw_score_distributions"),
    script:
        "../../scripts/joints/draw_score_distributions.py"


# Figure 2: radiographs before and after CLAHE.
rule draw_clahe:
    input:
        radiographs=JOINTS.radiograph_tables("joints"),
        images=JOINTS.every_shard(
            "<results>/standardized/joints/{body_part}/{shard}.npy"
        ),
        checked=checked("joints"),
    output:
        multiext("<results>/figures/tan_fig2_clahe", ".png", ".pdf"),
    log:
        "<logs>/draw_clahe.log",
    benchmark:
        "<benchmarks>/draw_clahe.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        crop_bottom=study.standardize.crop_bottom.model_dump(),
        max_megapixels=study.checks.max_megapixels,
        data=JOINTS.data_name(),
        seed=study.seed,
        code=code("joints/draw_clahe"),
    script:
        "../../scripts/joints/draw_clahe.py"


# Figure 3: masks that were chosen, beside their radiographs.
rule draw_good_masks:
    input:
        chosen=JOINTS.each_body_part("<results>/masks/chosen/{body_part}.csv"),
        images=JOINTS.every_shard(
            "<results>/standardized/joints/{body_part}/{shard}.npy"
        ),
        masks=JOINTS.every_shard("<results>/masks/entropy/{body_part}/{shard}.npy"),
    output:
        multiext("<results>/figures/tan_fig3_good_masks", ".png", ".pdf"),
    log:
        "<logs>/draw_good_masks.log",
    benchmark:
        "<benchmarks>/draw_good_masks.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        data=JOINTS.data_name(),
        seed=study.seed,
        code=code("joints/draw_good_masks"),
    script:
        "../../scripts/joints/draw_good_masks.py"


# Figure 4: a hand and a foot of test patients with their joints boxed and named.
rule draw_boxed_joints:
    input:
        split="<results>/cohort/joints/split.csv",
        joints=JOINTS.each_body_part("<results>/detection/{body_part}/joints.csv"),
        images=JOINTS.every_shard(
            "<results>/standardized/joints/{body_part}/{shard}.npy"
        ),
    output:
        multiext("<results>/figures/tan_fig4_joints_boxed", ".png", ".pdf"),
    log:
        "<logs>/draw_boxed_joints.log",
    benchmark:
        "<benchmarks>/draw_boxed_joints.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        rule=study.identification.rule,
        data=JOINTS.data_name(),
        seed=study.seed,
        code=code("joints/draw_boxed_joints"),
    script:
        "../../scripts/joints/draw_boxed_joints.py"


# Figure 5: the pipeline, stage by stage, on one radiograph with test joints (a hand where there are
# hands).
rule draw_pipeline:
    input:
        radiographs=JOINTS.radiograph_tables("joints"),
        scores="<results>/scores/joints.csv",
        boxes=JOINTS.first("<results>/detection/{body_part}/boxes.csv"),
        joints=JOINTS.first("<results>/detection/{body_part}/joints.csv"),
        crops=JOINTS.each_body_part("<results>/crops/{body_part}/crops.npy")[0],
        crops_table=JOINTS.first("<results>/crops/{body_part}/crops.csv"),
        images=JOINTS.first_shards(
            "<results>/standardized/joints/{body_part}/{shard}.npy"
        ),
        entropy=JOINTS.first_shards("<results>/masks/entropy/{body_part}/{shard}.npy"),
        unet=JOINTS.first_shards("<results>/masks/unet/{body_part}/{shard}.npy"),
        checked=checked("joints"),
    output:
        multiext("<results>/figures/tan_fig5_pipeline", ".png", ".pdf"),
    log:
        "<logs>/draw_pipeline.log",
    benchmark:
        "<benchmarks>/draw_pipeline.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        rule=study.identification.rule,
        max_megapixels=study.checks.max_megapixels,
        data=JOINTS.data_name(),
        unit=study.split.unit,
        seed=study.seed,
        code=code("joints/draw_pipeline"),
    script:
        "../../scripts/joints/draw_pipeline.py"


# Figure 6: the four models' confusion matrices.
rule draw_confusion:
    input:
        JOINTS.each_model("<results>/heads/{model}/predictions.csv"),
    output:
        multiext("<results>/figures/tan_fig6_confusion", ".png", ".pdf"),
    log:
        "<logs>/draw_confusion.log",
    benchmark:
        "<benchmarks>/draw_confusion.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        models=list(JOINTS.models),
        data=JOINTS.data_name(),
        unit=study.split.unit,
        code=code("joints/draw_confusion"),
    script:
        "../../scripts/joints/draw_confusion.py"
