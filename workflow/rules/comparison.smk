# Both pipelines on the same patients. Steps: compare_pipelines


rule compare_pipelines:
    """Compare both pipelines on the patients that are test patients of both."""
    input:
        joints=JOINTS.summed_scores,
        whole=WHOLE_IMAGE.files("predictions.csv", [WHOLE_IMAGE.compared]),
        images="<results>/cohort/whole_image/images.csv",
        scores=JOINTS.cohort_table("scores"),
        split="<results>/cohort/joints/split.csv",
        checked=checked("joints"),
    output:
        tables=shown_table(
            "pipelines",
            "Agreement with the true totals",
            "Both pipelines",
        ),
        figures=shown_figure(
            "pipelines",
            "Predicted, true and their differences",
            "Both pipelines",
            caption="pipelines_figure",
        ),
    log:
        "<logs>/compare_pipelines.log",
    benchmark:
        "<benchmarks>/compare_pipelines.tsv"
    localrule: True
    conda:
        "../../envs/imaging.yaml"
    params:
        experiment=WHOLE_IMAGE.compared,
        data=plain(WHOLE_IMAGE.images.data_name()),
        resamples=study.evaluation.resamples,
        seed=study.seed,
        code=code("whole_image/compare_pipelines"),
    script:
        "../scripts/whole_image/compare_pipelines.py"
