# Figures 1 to 5 of Bo et al., and the learning curves, each as .png and .pdf.


rule draw_radiograph_and_classes:
    """Figure 1 of Bo et al.: a radiograph with its joints and damage; severity classes by split."""
    input:
        images="<results>/cohort/whole_image/images.csv",
        split="<results>/cohort/whole_image/split.csv",
        folder=WHOLE_IMAGE.images.truth(),
        checked=checked("whole_image"),
    output:
        shown_figure(
            "bo_fig1_radiograph_and_classes",
            "Figure 1: severity classes",
            BO,
        ),
    log:
        "<logs>/draw_radiograph_and_classes.log",
    benchmark:
        "<benchmarks>/draw_radiograph_and_classes.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        source=WHOLE_IMAGE.images.source("whole_image"),
        max_megapixels=study.checks.max_megapixels,
        data=plain(WHOLE_IMAGE.images.data_name()),
        code=code("whole_image/draw_radiograph_and_classes"),
    script:
        "../../scripts/whole_image/draw_radiograph_and_classes.py"


rule draw_whole_image_scores:
    """Figures 2 and 4 of Bo et al.: predicted against true totals; confusion of severity classes."""
    input:
        WHOLE_IMAGE.files("predictions.csv", WHOLE_IMAGE.scored),
    output:
        totals=shown_figure(
            "bo_fig2_predicted_true", "Figure 2: predicted and true totals", BO
        ),
        classes=shown_figure(
            "bo_fig4_confusion", "Figure 4: confusion of severity classes", BO
        ),
    log:
        "<logs>/draw_whole_image_scores.log",
    benchmark:
        "<benchmarks>/draw_whole_image_scores.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        data=plain(WHOLE_IMAGE.images.data_name()),
        seed=study.seed,
        code=code("whole_image/draw_whole_image_scores"),
    script:
        "../../scripts/whole_image/draw_whole_image_scores.py"


rule draw_grad_cam:
    """Figures 3 and 5 of Bo et al.: heat maps of a true and a false negative and positive."""
    input:
        heat="<results>/whole_image/grad_cam/{task}.npz",
        cases="<results>/whole_image/grad_cam/{task}.csv",
        comments=own_file(study.whole_image.grad_cam.comments),
        truth=WHOLE_IMAGE.images.truth(),
    output:
        shown_figure(
            "bo_{figure}_grad_cam_{task}",
            grad_cam_label,
            BO,
            caption="grad_cam_figure",
        ),
    log:
        "<logs>/draw_grad_cam/{figure}_{task}.log",
    benchmark:
        "<benchmarks>/draw_grad_cam/{figure}_{task}.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        experiment=WHOLE_IMAGE.explained_name,
        content=contents_of(study.whole_image.grad_cam.comments),
        data=plain(WHOLE_IMAGE.images.data_name()),
        code=code("whole_image/draw_grad_cam"),
    script:
        "../../scripts/whole_image/draw_grad_cam.py"


rule draw_learning_curves:
    """Learning curves: MSE against smooth loss, batch 4 against 16, and all other networks."""
    input:
        histories=WHOLE_IMAGE.files("history.csv", WHOLE_IMAGE.trained),
        checked=checked("whole_image"),
    output:
        shown_figure(
            "bo_learning_curves", "Learning curves of whole-image networks", "Training"
        ),
    log:
        "<logs>/draw_learning_curves.log",
    benchmark:
        "<benchmarks>/draw_learning_curves.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        data=plain(WHOLE_IMAGE.images.data_name()),
        batch_factor=study.whole_image.batch_factor,
        code=code("whole_image/draw_learning_curves"),
    script:
        "../../scripts/whole_image/draw_learning_curves.py"
