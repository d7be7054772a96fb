# Tables of Bo et al., each as .csv, .md and .tex beside the paper's values.


rule table_whole_image:
    """Tables 1 and 2 of Bo et al., and what transfer, freezing and stacking changed."""
    input:
        predictions=WHOLE_IMAGE.files("predictions.csv", WHOLE_IMAGE.scored),
        repeated=WHOLE_IMAGE.repeated_files("predictions.csv", WHOLE_IMAGE.scored),
    output:
        shown_table("whole_regression", "Table 1: totals of both hands", BO),
        shown_table("whole_severity", "Table 2: severity classes", BO),
        shown_table(
            "whole_differences",
            "What each choice changed",
            BO,
        ),
    log:
        "<logs>/table_whole_image.log",
    benchmark:
        "<benchmarks>/table_whole_image.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        notes=WHOLE_IMAGE.notes(),
        resamples=study.evaluation.resamples,
        seed=study.seed,
        code=code("whole_image/table_whole_image"),
    script:
        "../../scripts/whole_image/table_whole_image.py"


rule table_whole_image_time:
    """Table: how long an epoch took, beside the paper's."""
    input:
        histories=WHOLE_IMAGE.files("history.csv", WHOLE_IMAGE.networks),
        cards=WHOLE_IMAGE.files("model_card.json", WHOLE_IMAGE.networks),
    output:
        shown_table("whole_image_time", "Time of an epoch", "Cost", folder="timing"),
    log:
        "<logs>/table_whole_image_time.log",
    benchmark:
        "<benchmarks>/table_whole_image_time.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        notes=WHOLE_IMAGE.notes(),
        code=code("whole_image/table_whole_image_time"),
    script:
        "../../scripts/whole_image/table_whole_image_time.py"


rule table_grad_cam:
    """Table: how much of the heat falls on joints, and on damaged joints, where these are known."""
    input:
        expand(
            "<results>/whole_image/grad_cam/{task}_pointing_game.csv",
            task=WHOLE_IMAGE.explained,
        ),
    output:
        shown_table("grad_cam", "Grad-CAM heat on joints", BO),
    log:
        "<logs>/table_grad_cam.log",
    benchmark:
        "<benchmarks>/table_grad_cam.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        data=plain(WHOLE_IMAGE.images.data_name()),
        resamples=study.evaluation.resamples,
        seed=study.seed,
        code=code("whole_image/table_grad_cam"),
    script:
        "../../scripts/whole_image/table_grad_cam.py"
