# Figures 1 to 6 of Tan et al., each as .png and .pdf.


rule draw_score_distributions:
    """Figure 1 of Tan et al.: how often each score occurs in each limb."""
    input:
        scores=JOINTS.cohort_table("scores"),
        checked=checked("joints"),
    output:
        shown_figure(
            "tan_fig1_score_distributions", "Figure 1: distribution of scores", TAN
        ),
    log:
        "<logs>/draw_score_distributions.log",
    benchmark:
        "<benchmarks>/draw_score_distributions.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        body_parts=[str(part) for part in JOINTS.body_parts],
        data=plain(JOINTS.data_name()),
        code=code("joints/draw_score_distributions"),
    script:
        "../../scripts/joints/draw_score_distributions.py"


rule draw_clahe:
    """Figure 2 of Tan et al.: radiographs before and after CLAHE."""
    input:
        radiographs=JOINTS.radiograph_tables("joints"),
        images=JOINTS.every_shard(
            "<results>/standardized/joints/{body_part}/{shard}.npy"
        ),
        checked=checked("joints"),
    output:
        shown_figure("tan_fig2_clahe", "Figure 2: before and after CLAHE", TAN),
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
        data=plain(JOINTS.data_name()),
        seed=study.seed,
        code=code("joints/draw_clahe"),
    script:
        "../../scripts/joints/draw_clahe.py"


rule draw_good_masks:
    """Figure 3 of Tan et al.: chosen masks beside their radiographs."""
    input:
        chosen=JOINTS.each_body_part("<results>/masks/chosen/{body_part}.csv"),
        images=JOINTS.every_shard(
            "<results>/standardized/joints/{body_part}/{shard}.npy"
        ),
        masks=JOINTS.every_shard("<results>/masks/entropy/{body_part}/{shard}.npy"),
    output:
        shown_figure("tan_fig3_good_masks", "Figure 3: chosen entropy masks", TAN),
    log:
        "<logs>/draw_good_masks.log",
    benchmark:
        "<benchmarks>/draw_good_masks.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        data=plain(JOINTS.data_name()),
        seed=study.seed,
        code=code("joints/draw_good_masks"),
    script:
        "../../scripts/joints/draw_good_masks.py"


rule draw_boxed_joints:
    """Figure 4 of Tan et al.: a hand and a foot of test patients, their joints boxed and named."""
    input:
        split="<results>/cohort/joints/split.csv",
        joints=JOINTS.each_body_part("<results>/detection/{body_part}/joints.csv"),
        images=JOINTS.every_shard(
            "<results>/standardized/joints/{body_part}/{shard}.npy"
        ),
    output:
        shown_figure("tan_fig4_joints_boxed", "Figure 4: joints found and named", TAN),
    log:
        "<logs>/draw_boxed_joints.log",
    benchmark:
        "<benchmarks>/draw_boxed_joints.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        rule=study.identification.rule,
        data=plain(JOINTS.data_name()),
        seed=study.seed,
        code=code("joints/draw_boxed_joints"),
    script:
        "../../scripts/joints/draw_boxed_joints.py"


rule draw_pipeline:
    """Figure 5 of Tan et al.: the pipeline, stage by stage, on one radiograph with test joints."""
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
        shown_figure("tan_fig5_pipeline", "Figure 5: the pipeline, stage by stage", TAN),
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
        data=plain(JOINTS.data_name()),
        unit=study.split.unit,
        seed=study.seed,
        code=code("joints/draw_pipeline"),
    script:
        "../../scripts/joints/draw_pipeline.py"


rule draw_confusion:
    """Figure 6 of Tan et al.: the four models' confusion matrices."""
    input:
        JOINTS.each_model("<results>/heads/{model}/predictions.csv"),
    output:
        shown_figure("tan_fig6_confusion", "Figure 6: confusion matrices", TAN),
    log:
        "<logs>/draw_confusion.log",
    benchmark:
        "<benchmarks>/draw_confusion.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        models=list(JOINTS.models),
        data=plain(JOINTS.data_name()),
        unit=study.split.unit,
        code=code("joints/draw_confusion"),
    script:
        "../../scripts/joints/draw_confusion.py"


rule draw_joint_learning_curves:
    """Learning curves: U-Nets, detectors, VGG16's base where it was trained, and scoring heads."""
    input:
        unets=JOINTS.each_body_part("<results>/unet/{body_part}/history.csv"),
        detectors=JOINTS.each_body_part("<results>/detector/{body_part}/history.csv"),
        base=JOINTS.base_history,
        heads=(
            JOINTS.each_model("<results>/heads/{model}/history.csv")
            if JOINTS.has_scores
            else []
        ),
    output:
        shown_figure(
            "tan_learning_curves", "Learning curves of the joint pipeline", "Training"
        ),
    log:
        "<logs>/draw_joint_learning_curves.log",
    benchmark:
        "<benchmarks>/draw_joint_learning_curves.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        body_parts=[str(part) for part in JOINTS.body_parts],
        models=list(JOINTS.models) if JOINTS.has_scores else [],
        data=plain(JOINTS.data_name()),
        code=code("joints/draw_joint_learning_curves"),
    script:
        "../../scripts/joints/draw_joint_learning_curves.py"
