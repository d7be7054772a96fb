# What a person can ask for by name. A cohort without scores is masked and its joints are found and
# named; what needs scores or a known truth is left out.
TABLES = ["detection", "mask_yield"]
TABLES += ["segmentation"] if HAS_TRUTH else []
TABLES += ["joint_scoring"] if HAS_SCORES else []
FIGURES = ["tan_fig2_clahe", "tan_fig3_good_masks", "tan_fig4_joints_boxed"]
SCORED_FIGURES = [
    "tan_fig1_score_distributions",
    "tan_fig5_pipeline",
    "tan_fig6_confusion",
]
FIGURES += SCORED_FIGURES if HAS_SCORES else []


CHECKED = expand(
    "<results>/cohort/{cohort}/problems.csv", cohort=sorted({"joints", BOXED})
)


# Every table.
rule tables:
    input:
        CHECKED,
        expand("<results>/tables/{name}.csv", name=TABLES),


# Every figure.
rule figures:
    input:
        CHECKED,
        expand("<results>/figures/{name}.{suffix}", name=FIGURES, suffix=["png", "pdf"]),


# Tan et al.: tables, figures, contact sheets and the scores of the test patients' films.
rule joints:
    input:
        rules.tables.input,
        rules.figures.input,
        every_shard("<results>/masks/sheets/{kind}-{shard}.png"),
        (
            ["<results>/scores/overlays", "<results>/timing/minutes_per_patient.csv"]
            if HAS_SCORES
            else []
        ),
