# Pages for the report on the whole study: its cohorts, and what it took.


rule show_cohorts:
    """Show who is in which split, what was set aside and what is implausible."""
    input:
        splits=PLAN.pages.of_cohorts("split.csv"),
        images=PLAN.pages.image_tables,
        problems=PLAN.pages.of_cohorts("problems.csv"),
        warnings=PLAN.pages.warnings,
        sheets=PLAN.checks.warning_sheets(),
        checked=checked("joints", "whole_image"),
    output:
        shown(
            "<results>/report/cohorts.html",
            "Cohorts, problems and warnings",
            "Data",
        ),
    log:
        "<logs>/show_cohorts.log",
    benchmark:
        "<benchmarks>/show_cohorts.tsv"
    localrule: True
    conda:
        "../../envs/imaging.yaml"
    params:
        cohorts=PLAN.pages.cohorts,
        data=plain(PLAN.pages.data),
        counts=PLAN.pages.counts,
        unscored=PLAN.pages.unscored,
        code=code("show_cohorts"),
    script:
        "../scripts/show_cohorts.py"


rule show_cost:
    """Show time and memory of the jobs that made the results."""
    input:
        PLAN.measured_results(),
    output:
        shown("<results>/report/cost.html", "Time and memory of all jobs", "Cost"),
    log:
        "<logs>/show_cost.log",
    benchmark:
        "<benchmarks>/show_cost.tsv"
    localrule: True
    conda:
        "../../envs/imaging.yaml"
    params:
        benchmarks=f"{RESULTS}/benchmarks",
        record=f"{RESULTS}/run.json",
        code=code("show_cost"),
    script:
        "../scripts/show_cost.py"


rule fill_checklists:
    """Fill in the items of CLAIM and TRIPOD+AI with what the study knows."""
    input:
        splits=PLAN.pages.of_cohorts("split.csv"),
        problems=PLAN.pages.of_cohorts("problems.csv"),
        tables=PLAN.pages.tables,
        checked=checked("joints", "whole_image"),
    output:
        page=shown(
            "<results>/report/checklists.html",
            "CLAIM and TRIPOD+AI",
            "Reporting checklists",
        ),
        text="<results>/report/checklists.md",
    log:
        "<logs>/fill_checklists.log",
    benchmark:
        "<benchmarks>/fill_checklists.tsv"
    localrule: True
    conda:
        "../../envs/imaging.yaml"
    params:
        settings=plain(
            study.model_dump(
                mode="json",
                exclude={"study", "cohorts", "checks", "score", "rehearsal"},
            )
        ),
        record=f"{RESULTS}/run.json",
        cohorts=PLAN.pages.cohorts,
        data=plain(PLAN.pages.data),
        counts=PLAN.pages.counts,
        networks=PLAN.pages.networks,
        code=code("fill_checklists"),
    script:
        "../scripts/fill_checklists.py"
