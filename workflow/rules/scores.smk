# Predictions -> scores of the test patients' joints and films: the paper's last step (Tan et al., 2.5).


# Each joint's scores, found or not, and each patient's sums over what was scored.
rule score_films:
    input:
        split="<results>/cohort/joints/split.csv",
        scores=cohort_table("scores"),
        rows=every_shard("<results>/standardized/joints/{kind}/{shard}.csv"),
        joints=expand("<results>/detection/{kind}/joints.csv", kind=KINDS),
        predictions=expand("<results>/heads/{model}/predictions.csv", model=MODELS),
        checked=checked("joints"),
    output:
        joints="<results>/scores/joints.csv",
        totals="<results>/scores/totals.csv",
    log:
        "<logs>/score_films.log",
    benchmark:
        "<benchmarks>/score_films.tsv"
    conda:
        "../../envs/imaging.yaml"
    params:
        models=list(MODELS),
        rule=study.identity.rule,
        code=code("score_films"),
    script:
        "../scripts/score_films.py"


# The test patients' films with joints, names and scores written on them.
rule label_films:
    input:
        joints="<results>/scores/joints.csv",
        images=every_shard("<results>/standardized/joints/{kind}/{shard}.npy"),
    output:
        directory("<results>/scores/overlays"),
    log:
        "<logs>/label_films.log",
    benchmark:
        "<benchmarks>/label_films.tsv"
    conda:
        "../../envs/imaging.yaml"
    resources:
        **needs("label_films"),
    params:
        data=data_name(),
        code=code("label_films"),
    script:
        "../scripts/label_films.py"
