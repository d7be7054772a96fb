# Predictions -> scores of the test patients' joints and radiographs: the paper's last step (Tan et
# al., 2.5). Steps: score_radiographs -> sum_scores, label_radiographs


# Each test joint's scores, found or not.
rule score_radiographs:
    input:
        split="<results>/cohort/joints/split.csv",
        scores=cohort_table("scores"),
        rows=every_shard("<results>/standardized/joints/{body_part}/{shard}.csv"),
        joints=expand(
            "<results>/detection/{body_part}/joints.csv", body_part=BODY_PARTS
        ),
        predictions=expand("<results>/heads/{model}/predictions.csv", model=MODELS),
        checked=checked("joints"),
    output:
        "<results>/scores/joints.csv",
    log:
        "<logs>/score_radiographs.log",
    benchmark:
        "<benchmarks>/score_radiographs.tsv"
    conda:
        "../../../envs/imaging.yaml"
    params:
        models=list(MODELS),
        rule=study.identification.rule,
        split=JOINT_SPLIT,
        code=code("joints/score_radiographs"),
    script:
        "../../scripts/joints/score_radiographs.py"


# Each patient's sums over what was scored.
rule sum_scores:
    input:
        joints=of_split_by_patient("<results>/scores/joints.csv"),
    output:
        "<results>/scores/totals.csv",
    log:
        "<logs>/sum_scores.log",
    benchmark:
        "<benchmarks>/sum_scores.tsv"
    conda:
        "../../../envs/imaging.yaml"
    params:
        code=code("joints/sum_scores"),
    script:
        "../../scripts/joints/sum_scores.py"


# The radiographs of test joints, with their boxes, names and scores written on them.
rule label_radiographs:
    input:
        joints="<results>/scores/joints.csv",
        images=every_shard("<results>/standardized/joints/{body_part}/{shard}.npy"),
    output:
        directory("<results>/scores/overlays"),
    log:
        "<logs>/label_radiographs.log",
    benchmark:
        "<benchmarks>/label_radiographs.tsv"
    conda:
        "../../../envs/imaging.yaml"
    resources:
        **needs("label_radiographs"),
    params:
        data=data_name(),
        unit=study.split.unit,
        code=code("joints/label_radiographs"),
    script:
        "../../scripts/joints/label_radiographs.py"
