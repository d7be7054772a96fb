# Tables of Bo et al., each as .csv, .md and .tex beside the paper's values.
SCORED_EXPERIMENTS = [
    experiment.name for experiment in CHOSEN if experiment.cohort == "whole_image"
]


# Tables 1 and 2: every row of the paper, run or not; and what transfer, freezing, stacking changed.
rule table_whole_image:
    input:
        predictions=experiment_files("predictions.csv", SCORED_EXPERIMENTS),
        repeated=repeated_files("predictions.csv", SCORED_EXPERIMENTS),
    output:
        multiext("<results>/tables/whole_regression", ".csv", ".md", ".tex"),
        multiext("<results>/tables/whole_severity", ".csv", ".md", ".tex"),
        multiext("<results>/tables/whole_differences", ".csv", ".md", ".tex"),
    log:
        "<logs>/table_whole_image.log",
    benchmark:
        "<benchmarks>/table_whole_image.tsv"
    conda:
        "../../../envs/imaging.yaml"
    params:
        notes=whole_image_notes(),
        resamples=study.evaluation.resamples,
        seed=study.seed,
        code=code("whole_image/table_whole_image"),
    script:
        "../../scripts/whole_image/table_whole_image.py"


# How long an epoch took, beside the paper's.
rule table_whole_image_time:
    input:
        histories=experiment_files("history.csv", NETWORK_EXPERIMENTS),
        cards=experiment_files("model_card.json", NETWORK_EXPERIMENTS),
    output:
        multiext("<results>/timing/whole_image_time", ".csv", ".md", ".tex"),
    log:
        "<logs>/table_whole_image_time.log",
    benchmark:
        "<benchmarks>/table_whole_image_time.tsv"
    conda:
        "../../../envs/imaging.yaml"
    params:
        notes=whole_image_notes(),
        code=code("whole_image/table_whole_image_time"),
    script:
        "../../scripts/whole_image/table_whole_image_time.py"


# How much of the heat falls on joints, and on damaged joints, where these are known.
rule table_grad_cam:
    input:
        expand(
            "<results>/whole_image/grad_cam/{task}_pointing_game.csv", task=EXPLAINED
        ),
    output:
        multiext("<results>/tables/grad_cam", ".csv", ".md", ".tex"),
    log:
        "<logs>/table_grad_cam.log",
    benchmark:
        "<benchmarks>/table_grad_cam.tsv"
    conda:
        "../../../envs/imaging.yaml"
    params:
        data=image_data_name("whole_image"),
        resamples=study.evaluation.resamples,
        seed=study.seed,
        code=code("whole_image/table_grad_cam"),
    script:
        "../../scripts/whole_image/table_grad_cam.py"


# Both pipelines on the patients that are test patients of both.
rule compare_pipelines:
    input:
        joints=of_split_by_patient("<results>/scores/joints.csv"),
        whole=experiment_files("predictions.csv", [COMPARED_EXPERIMENT]),
        scores=cohort_table("scores"),
        split="<results>/cohort/joints/split.csv",
        checked=checked("joints"),
    output:
        tables=multiext("<results>/tables/pipelines", ".csv", ".md", ".tex"),
        figures=multiext("<results>/figures/pipelines", ".png", ".pdf"),
    log:
        "<logs>/compare_pipelines.log",
    benchmark:
        "<benchmarks>/compare_pipelines.tsv"
    conda:
        "../../../envs/imaging.yaml"
    params:
        experiment=COMPARED_EXPERIMENT,
        data=image_data_name("whole_image"),
        resamples=study.evaluation.resamples,
        seed=study.seed,
        code=code("whole_image/compare_pipelines"),
    script:
        "../../scripts/whole_image/compare_pipelines.py"
