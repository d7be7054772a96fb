# Radiographs that nobody has scored -> their totals and classes, by the models of the others. They
# are a cohort of their own, with shards of their own: nothing is trained on them or measured.
# Steps: pack_images -> predict_unscored -> stack_unscored -> list_unscored_images


rule predict_unscored:
    """Predict the images without scores by a network."""
    input:
        model="<results>/whole_image/{network}/model.pt",
        statistics="<results>/packed/whole_image/statistics.json",
        images=WHOLE_IMAGE.images.unscored(".npy"),
        table="<results>/cohort/whole_image/unscored.csv",
        checked=checked("whole_image"),
    output:
        "<results>/whole_image/{network}/unscored.csv",
    log:
        "<logs>/predict_unscored/{network}.log",
    benchmark:
        "<benchmarks>/predict_unscored/{network}.tsv"
    conda:
        "../../../envs/torch.yaml"
    threads: 4
    resources:
        **ask(gigabytes=8, seconds=300, gpus=1),
    params:
        channels_last=study.whole_image.channels_last,
        code=code("whole_image/predict_unscored"),
    script:
        "../../scripts/whole_image/predict_unscored.py"


rule stack_unscored:
    """Combine the predictions of images without scores by a stack."""
    input:
        model="<results>/whole_image/{stack}/model.pt",
        model_card="<results>/whole_image/{stack}/model_card.json",
        statistics="<results>/packed/whole_image/statistics.json",
        members=WHOLE_IMAGE.unscored_predictions,
    output:
        "<results>/whole_image/{stack}/unscored.csv",
    log:
        "<logs>/stack_unscored/{stack}.log",
    benchmark:
        "<benchmarks>/stack_unscored/{stack}.tsv"
    localrule: True
    conda:
        "../../../envs/torch.yaml"
    params:
        code=code("whole_image/stack_unscored"),
    script:
        "../../scripts/whole_image/stack_unscored.py"


rule list_unscored_images:
    """List what each experiment predicts of the images without scores."""
    input:
        WHOLE_IMAGE.every_unscored_prediction(),
    output:
        "<results>/scores/unscored/whole_images.csv",
    log:
        "<logs>/list_unscored_images.log",
    benchmark:
        "<benchmarks>/list_unscored_images.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        code=code("whole_image/list_unscored_images"),
    script:
        "../../scripts/whole_image/list_unscored_images.py"
