# What a person can ask for by name. A cohort without scores is masked and its joints are found and
# named; what needs scores, a known truth or the other cohort is left out.


# Every table of both papers.
rule tables:
    input:
        PLAN.problems("joints", "whole_image"),
        PLAN.tables(),
    localrule: True


# Every figure of both papers.
rule figures:
    input:
        PLAN.problems("joints", "whole_image"),
        PLAN.figures(),
    localrule: True


# Tan et al.: tables, figures, contact sheets and the scores of the test patients' radiographs.
rule joints:
    input:
        PLAN.problems("joints"),
        PLAN.joint_results(),
    localrule: True


# Bo et al.: tables and figures.
rule whole_image:
    input:
        PLAN.problems("whole_image"),
        PLAN.whole_image_results(),
    localrule: True
