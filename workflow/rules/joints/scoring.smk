# Named joints -> crops -> VGG16's features -> ordinal heads (Tan et al., 2.4).
# Steps: crop_joints; train_base or load_base -> extract_features -> train_head


rule crop_joints:
    """Crop the joints: from jittered labels where the detector learned, else from its own boxes."""
    input:
        images=JOINTS.shards("<results>/standardized/joints/{body_part}/{shard}.npy"),
        masks=JOINTS.shards("<results>/masks/unet/{body_part}/{shard}.npy"),
        joints="<results>/detection/{body_part}/joints.csv",
        true_joints="<results>/detection/{body_part}/true_joints.csv",
        boxed=ancient("<results>/cohort/joints/boxes.csv"),
        split="<results>/cohort/joints/split.csv",
        checked=checked("joints"),
    output:
        crops="<results>/crops/{body_part}/crops.npy",
        rows="<results>/crops/{body_part}/crops.csv",
    log:
        "<logs>/crop_joints/{body_part}.log",
    benchmark:
        "<benchmarks>/crop_joints/{body_part}.tsv"
    conda:
        "../../../envs/imaging.yaml"
    resources:
        **ask(gigabytes=4, seconds=JOINT_WORK.crop_joints),
    params:
        settings=study.crops.model_dump(),
        rule=study.identification.rule,
        split=study.split.model_dump(exclude={"table"}),
        seed=study.seed,
        boxes=READ.boxes,
        ignored_classes=plain(study.checks.ignored_classes),
        code=code("joints/crop_joints", "joints/read_boxes"),
    script:
        "../../scripts/joints/crop_joints.py"


rule make_synthetic_joints:
    """Make single synthetic joints, every score equally often, for the base to learn from."""
    input:
        checked=checked("joints"),
    output:
        patches="<results>/vgg16/synthetic/{body_part}.npy",
        rows="<results>/vgg16/synthetic/{body_part}.csv",
    log:
        "<logs>/make_synthetic_joints/{body_part}.log",
    benchmark:
        "<benchmarks>/make_synthetic_joints/{body_part}.tsv"
    priority: 10  # as train_base, which takes these
    conda:
        "../../../envs/imaging.yaml"
    resources:
        **ask(gigabytes=2, seconds=JOINT_WORK.make_synthetic_joints),
    params:
        joints=study.vgg16.synthetic_joints.joints,
        radiograph_height=study.standardize.height,
        clahe=study.standardize.clahe.model_dump(),
        seed=study.seed,
        code=code("joints/make_synthetic_joints"),
    script:
        "../../scripts/joints/make_synthetic_joints.py"


rule train_base:
    """Train VGG16's base on synthetic joints, where ImageNet's weights are not used."""
    input:
        patches=JOINTS.each_body_part("<results>/vgg16/synthetic/{body_part}.npy"),
        rows=JOINTS.each_body_part("<results>/vgg16/synthetic/{body_part}.csv"),
        checked=checked("joints"),
    output:
        model="<results>/vgg16/synthetic_joints.keras",
        history="<results>/vgg16/history.csv",
        model_card="<results>/vgg16/model_card.json",
    log:
        "<logs>/train_base.log",
    benchmark:
        "<benchmarks>/train_base.tsv"
    priority: 10  # as long as train_network, which says why
    conda:
        "../../../envs/keras.yaml"
    threads: 8
    resources:
        **ask(gigabytes=8, seconds=JOINT_WORK.train_base, gpus=1),
    params:
        settings=study.vgg16.synthetic_joints.model_dump(exclude={"joints"}),
        crops=study.crops.model_dump(),
        seed=study.seed,
        checkpoints=f"{RESULTS}/checkpoints",
        code=code("joints/train_base"),
    script:
        "../../scripts/joints/train_base.py"


rule extract_features:
    """Run the frozen base once a crop; erosion and narrowing share its 512 features."""
    input:
        base=JOINTS.vgg16_base,
        crops="<results>/crops/{body_part}/crops.npy",
    output:
        "<results>/features/{body_part}.npy",
    log:
        "<logs>/extract_features/{body_part}.log",
    benchmark:
        "<benchmarks>/extract_features/{body_part}.tsv"
    conda:
        "../../../envs/keras.yaml"
    threads: 4
    resources:
        **ask(gigabytes=6, seconds=JOINT_WORK.extract_features, gpus=1),
    params:
        code=code("joints/extract_features"),
    script:
        "../../scripts/joints/extract_features.py"


rule train_head:
    """Train one of the four models of Table 1, and predict every crop."""
    input:
        features=JOINTS.of_model("<results>/features/{body_part}.npy"),
        crops=JOINTS.of_model("<results>/crops/{body_part}/crops.csv"),
        scores=ancient("<results>/cohort/joints/scores.csv"),
        checked=checked("joints"),
    output:
        model="<results>/heads/{model}/model.keras",
        history="<results>/heads/{model}/history.csv",
        predictions="<results>/heads/{model}/predictions.csv",
        model_card="<results>/heads/{model}/model_card.json",
    log:
        "<logs>/train_head/{model}.log",
    benchmark:
        "<benchmarks>/train_head/{model}.tsv"
    conda:
        "../../../envs/keras.yaml"
    resources:
        **ask(gigabytes=3, seconds=JOINT_WORK.train_head),
    params:
        settings=study.heads.model_dump(),
        seed=study.seed,
        data=told(JOINTS.folder()),
        scores=READ.scores,
        checkpoints=f"{RESULTS}/checkpoints",
        code=code("joints/train_head", "joints/read_scores"),
    script:
        "../../scripts/joints/train_head.py"
