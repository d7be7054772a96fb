# Predictions -> scores of the test patients' joints and radiographs: the paper's last step (Tan et
# al., 2.5). Steps: score_radiographs -> sum_scores; list_radiographs -> label_radiographs


rule list_radiographs:
    """List what part each radiograph had in training, and in which of them little was found."""
    input:
        split="<results>/cohort/joints/split.csv",
        images=JOINTS.every_shard(
            "<results>/standardized/joints/{body_part}/{shard}.npy"
        ),
        masks=JOINTS.every_shard("<results>/masks/unet/{body_part}/{shard}.npy"),
        chosen=JOINTS.each_body_part("<results>/masks/chosen/{body_part}.csv"),
        boxed=JOINTS.cohort_table("boxes"),
        boxes=JOINTS.each_body_part("<results>/detection/{body_part}/boxes.csv"),
        joints=JOINTS.each_body_part("<results>/detection/{body_part}/joints.csv"),
        crops=JOINTS.scored_crops,
        scores=JOINTS.cohort_table("scores") if JOINTS.has_scores else [],
        checked=checked("joints"),
    output:
        radiographs="<results>/detection/radiographs.csv",
        tables=shown_table("little_found", "Radiographs with little found", "Data"),
    log:
        "<logs>/list_radiographs.log",
    benchmark:
        "<benchmarks>/list_radiographs.tsv"
    priority: 1  # before the heads, which fail where too little was found
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        rule=study.identification.rule,
        confidence=study.detector.confidence,
        limits=study.evaluation.little_found.model_dump(),
        data=plain(JOINTS.data_name()),
        code=code("joints/list_radiographs"),
    script:
        "../../scripts/joints/list_radiographs.py"


rule score_radiographs:
    """Score each test joint, found or not."""
    input:
        split="<results>/cohort/joints/split.csv",
        scores=JOINTS.cohort_table("scores"),
        rows=JOINTS.every_shard("<results>/standardized/joints/{body_part}/{shard}.csv"),
        joints=JOINTS.each_body_part("<results>/detection/{body_part}/joints.csv"),
        predictions=JOINTS.each_model("<results>/heads/{model}/predictions.csv"),
        checked=checked("joints"),
    output:
        "<results>/scores/joints.csv",
    log:
        "<logs>/score_radiographs.log",
    benchmark:
        "<benchmarks>/score_radiographs.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        models=list(JOINTS.models),
        rule=study.identification.rule,
        split=study.split.model_dump(exclude={"table"}),
        code=code("joints/score_radiographs"),
    script:
        "../../scripts/joints/score_radiographs.py"


rule sum_scores:
    """Sum the scores of each visit and of each radiograph; blank where joints are missing."""
    input:
        joints=JOINTS.summed_scores,
    output:
        visits="<results>/scores/totals.csv",
        radiographs="<results>/scores/radiographs.csv",
    log:
        "<logs>/sum_scores.log",
    benchmark:
        "<benchmarks>/sum_scores.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        code=code("joints/sum_scores"),
    script:
        "../../scripts/joints/sum_scores.py"


rule label_radiographs:
    """Write boxes, names and scores on radiographs that had no part in training, or on all."""
    input:
        radiographs="<results>/detection/radiographs.csv",
        scores=JOINTS.cohort_table("scores") if JOINTS.has_scores else [],
        joints=JOINTS.each_body_part("<results>/detection/{body_part}/joints.csv"),
        predictions=JOINTS.predictions,
        images=JOINTS.every_shard(
            "<results>/standardized/joints/{body_part}/{shard}.npy"
        ),
        checked=checked("joints"),
    output:
        directory("<results>/scores/overlays"),
    log:
        "<logs>/label_radiographs.log",
    benchmark:
        "<benchmarks>/label_radiographs.tsv"
    conda:
        "../../../envs/imaging.yaml"
    resources:
        **ask(gigabytes=2, seconds=JOINT_WORK.label_radiographs),
    params:
        models=list(JOINTS.models) if JOINTS.has_scores else [],
        rule=study.identification.rule,
        split=study.split.model_dump(exclude={"table"}),
        shown=study.evaluation.overlays,
        data=plain(JOINTS.data_name()),
        unit=study.split.unit,
        code=code("joints/label_radiographs"),
    script:
        "../../scripts/joints/label_radiographs.py"
