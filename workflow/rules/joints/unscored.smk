# Radiographs that nobody has scored -> their scores, by the models of the others. They are a cohort
# of their own, with shards of their own: nothing is trained on them or measured, and who adds some
# trains nothing again. Steps: standardize -> segment_unscored -> detect_unscored -> name_unscored ->
# crop_unscored -> extract_unscored -> score_unscored -> sum_unscored, list_unscored_radiographs ->
# label_unscored


use rule segment as segment_unscored with:
    input:
        model="<results>/unet/{body_part}/model.keras",
        images="<results>/standardized/unscored/{body_part}/{shard}.npy",
        rows="<results>/standardized/unscored/{body_part}/{shard}.csv",
    output:
        masks="<results>/unscored/masks/{body_part}/{shard}.npy",
        rows="<results>/unscored/masks/{body_part}/{shard}.csv",
    log:
        "<logs>/segment_unscored/{body_part}-{shard}.log",
    benchmark:
        "<benchmarks>/segment_unscored/{body_part}-{shard}.tsv"


use rule detect_joints as detect_unscored with:
    input:
        model="<results>/detector/{body_part}/best.pt",
        confidence="<results>/detector/{body_part}/confidence.csv",
        images=JOINTS.unscored.shards(
            "<results>/standardized/unscored/{body_part}/{shard}.npy"
        ),
        masks=JOINTS.unscored.shards("<results>/unscored/masks/{body_part}/{shard}.npy"),
    output:
        "<results>/unscored/detection/{body_part}/boxes.csv",
    log:
        "<logs>/detect_unscored/{body_part}.log",
    benchmark:
        "<benchmarks>/detect_unscored/{body_part}.tsv"


use rule name_joints as name_unscored with:
    input:
        boxes="<results>/unscored/detection/{body_part}/boxes.csv",
        rows=JOINTS.unscored.shards(
            "<results>/standardized/unscored/{body_part}/{shard}.csv"
        ),
    output:
        "<results>/unscored/detection/{body_part}/joints.csv",
    log:
        "<logs>/name_unscored/{body_part}.log",
    benchmark:
        "<benchmarks>/name_unscored/{body_part}.tsv"
    localrule: True


rule crop_unscored:
    """Crop the joints of radiographs without scores from the detector's boxes."""
    input:
        images=JOINTS.unscored.shards(
            "<results>/standardized/unscored/{body_part}/{shard}.npy"
        ),
        masks=JOINTS.unscored.shards("<results>/unscored/masks/{body_part}/{shard}.npy"),
        joints="<results>/unscored/detection/{body_part}/joints.csv",
    output:
        crops="<results>/unscored/crops/{body_part}/crops.npy",
        rows="<results>/unscored/crops/{body_part}/crops.csv",
    log:
        "<logs>/crop_unscored/{body_part}.log",
    benchmark:
        "<benchmarks>/crop_unscored/{body_part}.tsv"
    conda:
        "../../../envs/imaging.yaml"
    resources:
        **ask(gigabytes=4, seconds=JOINT_WORK.crop_joints),
    params:
        settings=study.crops.model_dump(),
        rule=study.identification.rule,
        code=code("joints/crop_unscored"),
    script:
        "../../scripts/joints/crop_unscored.py"


use rule extract_features as extract_unscored with:
    input:
        base=JOINTS.vgg16_base,
        crops="<results>/unscored/crops/{body_part}/crops.npy",
    output:
        "<results>/unscored/features/{body_part}.npy",
    log:
        "<logs>/extract_unscored/{body_part}.log",
    benchmark:
        "<benchmarks>/extract_unscored/{body_part}.tsv"


rule score_unscored:
    """Score each joint of the radiographs without scores, found or not."""
    input:
        heads=JOINTS.unscored.each_model("<results>/heads/{model}/model.keras"),
        features=JOINTS.unscored.each_body_part(
            "<results>/unscored/features/{body_part}.npy"
        ),
        crops=JOINTS.unscored.each_body_part(
            "<results>/unscored/crops/{body_part}/crops.csv"
        ),
        joints=JOINTS.unscored.each_body_part(
            "<results>/unscored/detection/{body_part}/joints.csv"
        ),
        rows=JOINTS.unscored.every_shard(
            "<results>/standardized/unscored/{body_part}/{shard}.csv"
        ),
    output:
        "<results>/scores/unscored/joints.csv",
    log:
        "<logs>/score_unscored.log",
    benchmark:
        "<benchmarks>/score_unscored.tsv"
    conda:
        "../../../envs/keras.yaml"
    resources:
        **ask(gigabytes=3, seconds=60),
    params:
        models=JOINTS.unscored.models,
        rule=study.identification.rule,
        code=code("joints/score_unscored"),
    script:
        "../../scripts/joints/score_unscored.py"


use rule sum_scores as sum_unscored with:
    input:
        joints="<results>/scores/unscored/joints.csv",
    output:
        visits="<results>/scores/unscored/totals.csv",
        radiographs="<results>/scores/unscored/radiographs.csv",
    log:
        "<logs>/sum_unscored.log",
    benchmark:
        "<benchmarks>/sum_unscored.tsv"
    localrule: True


use rule list_radiographs as list_unscored_radiographs with:
    input:
        images=JOINTS.unscored.every_shard(
            "<results>/standardized/unscored/{body_part}/{shard}.npy"
        ),
        masks=JOINTS.unscored.every_shard(
            "<results>/unscored/masks/{body_part}/{shard}.npy"
        ),
        boxes=JOINTS.unscored.each_body_part(
            "<results>/unscored/detection/{body_part}/boxes.csv"
        ),
        joints=JOINTS.unscored.each_body_part(
            "<results>/unscored/detection/{body_part}/joints.csv"
        ),
    output:
        radiographs="<results>/unscored/detection/radiographs.csv",
        tables=shown_table(
            "unscored/little_found",
            "Unscored radiographs with little found",
            "Data",
            folder="scores",
        ),
    log:
        "<logs>/list_unscored_radiographs.log",
    benchmark:
        "<benchmarks>/list_unscored_radiographs.tsv"
    localrule: True


rule label_unscored:
    """Write boxes, names and scores on the radiographs without scores."""
    input:
        radiographs="<results>/unscored/detection/radiographs.csv",
        joints="<results>/scores/unscored/joints.csv",
        images=JOINTS.unscored.every_shard(
            "<results>/standardized/unscored/{body_part}/{shard}.npy"
        ),
    output:
        directory("<results>/scores/unscored/overlays"),
    log:
        "<logs>/label_unscored.log",
    benchmark:
        "<benchmarks>/label_unscored.tsv"
    conda:
        "../../../envs/imaging.yaml"
    resources:
        **ask(gigabytes=2, seconds=JOINT_WORK.label_radiographs),
    params:
        data=plain(JOINTS.data_name()),
        unit=study.split.unit,
        code=code("joints/label_unscored"),
    script:
        "../../scripts/joints/label_unscored.py"
