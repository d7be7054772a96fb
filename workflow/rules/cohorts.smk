# Cohorts: drawn or the user's own -> one shape, checked before anything costly; the one split.
# Steps: draw_phantom -> check_cohort -> split_patients


# Radiographs with known truth, in the layout of RA2-DREAM, so that both take one road.
rule draw_phantom:
    output:
        directory("<results>/phantom/{cohort}"),
    log:
        "<logs>/draw_phantom/{cohort}.log",
    benchmark:
        "<benchmarks>/draw_phantom/{cohort}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 16
    params:
        patients=study.phantom.patients,
        film_height=study.phantom.film_height,
        seed=study.seed,
        code=code("draw_phantom"),
    script:
        "../scripts/draw_phantom.py"


# Every problem at once, before hours are spent; every film is decoded to know that it can be.
rule check_cohort:
    input:
        films=film_files,
        scores=score_files,
        boxes=box_files,
    output:
        films="<results>/cohort/{cohort}/films.csv",
        scores="<results>/cohort/{cohort}/scores.csv",
        boxes="<results>/cohort/{cohort}/boxes.csv",
        problems="<results>/cohort/{cohort}/problems.csv",
    log:
        "<logs>/check_cohort/{cohort}.log",
    benchmark:
        "<benchmarks>/check_cohort/{cohort}.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 8
    params:
        films=films_source,
        scores=scores_source,
        boxes=boxes_source,
        settings=study.checks.model_dump(),
        code=code("check_cohort"),
    script:
        "../scripts/check_cohort.py"


# The one split by patient, which masks, U-Net, detector and scores all obey.
rule split_patients:
    input:
        changed=film_files,
        films=checked("films"),
        table=study.split.table or [],
    output:
        "<results>/cohort/{cohort}/split.csv",
    log:
        "<logs>/split_patients/{cohort}.log",
    benchmark:
        "<benchmarks>/split_patients/{cohort}.tsv"
    conda:
        "../../envs/imaging.yaml"
    params:
        shares=study.split.model_dump(include={"test", "validation", "random_state"}),
        code=code("split_patients"),
    script:
        "../scripts/split_patients.py"
