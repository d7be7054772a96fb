# Masked radiographs and boxes -> one detector a body part -> joints found and named (Tan et al.,
# 2.3.3). Steps: train_detector -> detect_joints -> name_joints


rule train_detector:
    """Train YOLOv3 on the boxed radiographs of training patients; validation patients choose the
    epoch.
    """
    input:
        images=JOINTS.shards(
            f"<results>/standardized/{JOINTS.boxed}/{{body_part}}/{{shard}}.npy",
            JOINTS.boxed,
        ),
        masks=JOINTS.boxed_masks,
        boxes=ancient(f"<results>/cohort/{JOINTS.boxed}/boxes.csv"),
        split=f"<results>/cohort/{JOINTS.boxed}/split.csv",
        weights=JOINTS.detector_start,
        checked=checked("joints"),
    output:
        model="<results>/detector/{body_part}/best.pt",
        history="<results>/detector/{body_part}/history.csv",
        confidence="<results>/detector/{body_part}/confidence.csv",
        model_card="<results>/detector/{body_part}/model_card.json",
    log:
        "<logs>/train_detector/{body_part}.log",
    benchmark:
        "<benchmarks>/train_detector/{body_part}.tsv"
    conda:
        "../../../envs/torch.yaml"
    threads: 8
    resources:
        **ask(gigabytes=12, seconds=JOINT_WORK.train_detector, gpus=1),
    params:
        settings=study.detector.model_dump(exclude={"weights", "confidence"}),
        true_masks=JOINTS.boxed == "boxed",
        rough_masks=JOINTS.rough_masks,
        crop_bottom=JOINTS.crop_bottom,
        seed=study.seed,
        data=told(JOINTS.folder(JOINTS.boxed)),
        boxes=READ.boxes,
        ignored_classes=plain(study.checks.ignored_classes),
        code=code("joints/train_detector", "joints/read_boxes"),
    script:
        "../../scripts/joints/train_detector.py"


rule detect_joints:
    """Find the best 10 (hand) or 6 (foot) boxes of every radiograph."""
    input:
        model="<results>/detector/{body_part}/best.pt",
        confidence="<results>/detector/{body_part}/confidence.csv",
        images=JOINTS.shards("<results>/standardized/joints/{body_part}/{shard}.npy"),
        masks=JOINTS.shards("<results>/masks/unet/{body_part}/{shard}.npy"),
    output:
        "<results>/detection/{body_part}/boxes.csv",
    log:
        "<logs>/detect_joints/{body_part}.log",
    benchmark:
        "<benchmarks>/detect_joints/{body_part}.tsv"
    conda:
        "../../../envs/torch.yaml"
    threads: 4
    resources:
        **ask(gigabytes=6, seconds=JOINT_WORK.detect_joints, gpus=1),
    params:
        image_size=study.detector.image_size,
        view=study.detector.view,
        confidence=study.detector.confidence,
        code=code("joints/detect_joints"),
    script:
        "../../scripts/joints/detect_joints.py"


rule name_joints:
    """Identify the joints in their boxes, by the paper's rule and by the template's."""
    input:
        boxes="<results>/detection/{body_part}/boxes.csv",
        rows=JOINTS.shards("<results>/standardized/joints/{body_part}/{shard}.csv"),
    output:
        "<results>/detection/{body_part}/joints.csv",
    log:
        "<logs>/name_joints/{body_part}.log",
    benchmark:
        "<benchmarks>/name_joints/{body_part}.tsv"
    localrule: True  # short, and says on the terminal where next to nothing was found
    conda:
        "../../../envs/imaging.yaml"
    params:
        mirrored_share=study.identification.mirrored_share,
        rule=study.identification.rule,
        confidence=study.detector.confidence,
        results=told(RESULTS),
        code=code("joints/name_joints"),
    script:
        "../../scripts/joints/name_joints.py"


rule locate_true_joints:
    """Locate the true joints of boxed radiographs, which detection is measured against."""
    input:
        boxes=ancient("<results>/cohort/joints/boxes.csv"),
        rows=JOINTS.shards("<results>/standardized/joints/{body_part}/{shard}.csv"),
        truth=JOINTS.truth(),
        checked=checked("joints"),
    output:
        "<results>/detection/{body_part}/true_joints.csv",
    log:
        "<logs>/locate_true_joints/{body_part}.log",
    benchmark:
        "<benchmarks>/locate_true_joints/{body_part}.tsv"
    conda:
        "../../../envs/imaging.yaml"
    resources:
        **ask(gigabytes=1, seconds=JOINT_WORK.locate_true_joints),
    params:
        mirrored_share=study.identification.mirrored_share,
        boxes=READ.boxes,
        ignored_classes=plain(study.checks.ignored_classes),
        code=code("joints/locate_true_joints", "joints/read_boxes"),
    script:
        "../../scripts/joints/locate_true_joints.py"
