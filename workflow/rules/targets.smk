# What a person can ask for by name. A cohort without scores is masked and its joints are found and
# named; what needs scores, a known truth or the other cohort is left out.


rule check:
    """Check the cohorts that the user brought, and make nothing else.

    It runs each time: a run of no jobs would end without a word of what was found before.
    """
    input:
        PLAN.check_results(),
    log:
        "<logs>/check.log",
    localrule: True
    conda:
        "../../envs/imaging.yaml"
    shell:
        "echo checked > {log}"


rule tables:
    """Make every table of both papers."""
    input:
        PLAN.problems("joints", "whole_image"),
        PLAN.tables(),
    localrule: True


rule figures:
    """Make every figure of both papers."""
    input:
        PLAN.problems("joints", "whole_image"),
        PLAN.figures(),
    localrule: True


rule joints:
    """Make the tables and figures of Tan et al., contact sheets and the test patients' scores."""
    input:
        PLAN.problems("joints"),
        PLAN.joint_results,
    localrule: True


rule whole_image:
    """Make the tables and figures of Bo et al."""
    input:
        PLAN.problems("whole_image"),
        PLAN.whole_image_results,
    localrule: True


rule bundle:
    """Pack the trained networks into one file, with which `sharpflow score` scores radiographs."""
    input:
        PLAN.bundle_results,
    localrule: True


rule score:
    """Score new radiographs with the finished study: --config score=FOLDER, or a CSV."""
    input:
        PLAN.score_results,
    localrule: True
