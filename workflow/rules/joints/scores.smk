# Predictions -> scores of the test patients' joints and radiographs: the paper's last step (Tan et
# al., 2.5). Steps: score_radiographs -> sum_scores, label_radiographs


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
    """Sum each patient's scores over what was scored."""
    input:
        joints=JOINTS.summed_scores,
    output:
        "<results>/scores/totals.csv",
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
    """Write boxes, names and scores of test joints on their radiographs."""
    input:
        joints="<results>/scores/joints.csv",
        images=JOINTS.every_shard(
            "<results>/standardized/joints/{body_part}/{shard}.npy"
        ),
    output:
        directory("<results>/scores/overlays"),
    log:
        "<logs>/label_radiographs.log",
    benchmark:
        "<benchmarks>/label_radiographs.tsv"
    conda:
        "../../../envs/imaging.yaml"
    resources:
        **ask(gigabytes=2, seconds=60),
    params:
        data=plain(JOINTS.data_name()),
        unit=study.split.unit,
        code=code("joints/label_radiographs"),
    script:
        "../../scripts/joints/label_radiographs.py"
