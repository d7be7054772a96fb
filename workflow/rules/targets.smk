# What a person can ask for by name. A cohort without scores is masked and its joints are found and
# named; what needs scores, a known truth or the other cohort is left out.
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
SCORES = ["<results>/scores/overlays", "<results>/timing/minutes_per_patient.csv"]
SCORES += ["<results>/scores/totals.csv"] if HAS_TOTALS else []
SCORES = SCORES if HAS_SCORES else []
if not HAS_JOINTS:
    TABLES, FIGURES, SCORES = [], [], []

WHOLE_IMAGE_TABLES = ["whole_regression", "whole_severity", "whole_differences"]
WHOLE_IMAGE_TABLES += ["grad_cam"] if WHOLE_IMAGE_IS_PHANTOM and EXPLAINED else []
WHOLE_IMAGE_FIGURES = [
    "bo_fig1_radiograph_and_classes",
    "bo_fig2_predicted_true",
    "bo_fig4_confusion",
    "bo_learning_curves",
]
WHOLE_IMAGE_FIGURES += ["bo_fig3_grad_cam_total"] if "total" in EXPLAINED else []
WHOLE_IMAGE_FIGURES += ["bo_fig5_grad_cam_severity"] if "severity" in EXPLAINED else []
# Made or trained by both halves, so asked for with all, tables and figures, not with one half.
PIPELINES_TABLE, PIPELINES_FIGURE = ([["pipelines"]] * 2) if HAS_BOTH else ([], [])
if not HAS_WHOLE_IMAGE:
    WHOLE_IMAGE_TABLES, WHOLE_IMAGE_FIGURES = [], []


# Every table.
rule tables:
    input:
        as_checked(cohorts_before("joints", "whole_image")),
        as_tables(TABLES + WHOLE_IMAGE_TABLES + PIPELINES_TABLE),


# Every figure.
rule figures:
    input:
        as_checked(cohorts_before("joints", "whole_image")),
        as_figures(FIGURES + WHOLE_IMAGE_FIGURES + PIPELINES_FIGURE),


# Tan et al.: tables, figures, contact sheets and the scores of the test patients' radiographs.
rule joints:
    input:
        as_checked(cohorts_before("joints")),
        as_tables(TABLES),
        as_figures(FIGURES),
        every_shard("<results>/masks/sheets/{body_part}-{shard}.png")
        if HAS_JOINTS
        else [],
        SCORES,


# Bo et al.: tables and figures.
rule whole_image:
    input:
        as_checked(cohorts_before("whole_image")),
        as_tables(WHOLE_IMAGE_TABLES),
        as_figures(WHOLE_IMAGE_FIGURES),
        "<results>/timing/whole_image_time.csv" if HAS_WHOLE_IMAGE else [],
