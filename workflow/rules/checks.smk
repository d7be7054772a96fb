# The checks' result, an input of all that waits for it.
# Steps: list_warnings, list_image_warnings -> draw_warnings; check_cohort, check_images ->
# stop_at_problems -> pass_checks


rule draw_warnings:
    """Draw the radiographs that were warned of, and say how many warnings there are."""
    input:
        "<results>/cohort/{warned}/warnings.csv",
    output:
        "<results>/cohort/{warned}/warnings.png",
    log:
        "<logs>/draw_warnings/{warned}.log",
    benchmark:
        "<benchmarks>/draw_warnings/{warned}.tsv"
    localrule: True
    conda:
        "../../envs/imaging.yaml"
    params:
        max_megapixels=study.checks.max_megapixels,
        code=code("draw_warnings"),
    script:
        "../scripts/draw_warnings.py"


rule stop_at_problems:
    """List every problem of every cohort that the user brought; stop, or go on without what was set
    aside.
    """
    input:
        problems=PLAN.checks.problem_lists,
        # Said before the run stops or trains; they are no reason to check again.
        warnings=[ancient(path) for path in PLAN.checks.warning_sheets()],
    output:
        "<results>/cohort/checks/{checks}/found.csv",
    log:
        "<logs>/stop_at_problems/{checks}.log",
    benchmark:
        "<benchmarks>/stop_at_problems/{checks}.tsv"
    priority: 10  # on the way to train_network
    localrule: True
    conda:
        "../../envs/imaging.yaml"
    params:
        cohorts=PLAN.checks.checked_cohorts,
        code=code("stop_at_problems"),
    script:
        "../scripts/stop_at_problems.py"


# Snakemake deletes what a failed job made before: were the file that others wait for the other
# rule's, a wrong score and its correction would make everything again. This one reads the problems
# too, so that it is out of date as soon as they are not those that passed.
rule pass_checks:
    """Keep the result of a check, so that a refusal and its correction make nothing else again."""
    input:
        found="<results>/cohort/checks/{checks}/found.csv",
        problems=PLAN.checks.problem_lists,
    output:
        "<results>/cohort/checks/{checks}/passed.csv",
    log:
        "<logs>/pass_checks/{checks}.log",
    benchmark:
        "<benchmarks>/pass_checks/{checks}.tsv"
    priority: 10  # on the way to train_network
    localrule: True
    conda:
        "../../envs/imaging.yaml"
    shell:
        "cp {input.found} {output} 2> {log}"
