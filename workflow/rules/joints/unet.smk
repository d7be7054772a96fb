# Chosen masks -> one U-Net for hands, one for feet -> masks of all radiographs (Tan et al., 2.3.2).


rule train_unet:
    """Train the U-Net on the chosen masks of training patients; validation patients stop it."""
    input:
        images=JOINTS.shards("<results>/standardized/joints/{body_part}/{shard}.npy"),
        masks=JOINTS.shards("<results>/masks/entropy/{body_part}/{shard}.npy"),
        chosen="<results>/masks/chosen/{body_part}.csv",
        split="<results>/cohort/joints/split.csv",
        checked=checked("joints"),
    output:
        model="<results>/unet/{body_part}/model.keras",
        history="<results>/unet/{body_part}/history.csv",
        model_card="<results>/unet/{body_part}/model_card.json",
    log:
        "<logs>/train_unet/{body_part}.log",
    benchmark:
        "<benchmarks>/train_unet/{body_part}.tsv"
    priority: 5  # both before a detector, so that those of hands and feet run side by side
    conda:
        "../../../envs/keras.yaml"
    threads: 8
    resources:
        **ask(gigabytes=8, seconds=JOINT_WORK.train_unet, gpus=1),
    params:
        settings=study.unet.model_dump(),
        seed=study.seed,
        data=told(JOINTS.folder()),
        checkpoints=f"{RESULTS}/checkpoints",
        code=code("joints/train_unet"),
    script:
        "../../scripts/joints/train_unet.py"


rule segment:
    """Predict the masks of every radiograph, at the radiograph's standard size."""
    input:
        model="<results>/unet/{body_part}/model.keras",
        images="<results>/standardized/joints/{body_part}/{shard}.npy",
        rows="<results>/standardized/joints/{body_part}/{shard}.csv",
    output:
        masks="<results>/masks/unet/{body_part}/{shard}.npy",
        rows="<results>/masks/unet/{body_part}/{shard}.csv",
    log:
        "<logs>/segment/{body_part}-{shard}.log",
    benchmark:
        "<benchmarks>/segment/{body_part}-{shard}.tsv"
    conda:
        "../../../envs/keras.yaml"
    threads: 4
    resources:
        **ask(gigabytes=4, seconds=JOINT_WORK.segment, gpus=1),
    params:
        batch=study.unet.batch,
        code=code("joints/segment"),
    script:
        "../../scripts/joints/segment.py"


rule draw_unet_sheet:
    """Draw a shard's radiographs with the U-Net's masks, for a person to look at."""
    input:
        images="<results>/standardized/joints/{body_part}/{shard}.npy",
        masks="<results>/masks/unet/{body_part}/{shard}.npy",
    output:
        "<results>/masks/sheets/{body_part}-{shard}-unet.png",
    log:
        "<logs>/draw_unet_sheet/{body_part}-{shard}.log",
    benchmark:
        "<benchmarks>/draw_unet_sheet/{body_part}-{shard}.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        limits=study.evaluation.little_found.model_dump(exclude={"joints"}),
        code=code("joints/draw_unet_sheet"),
    script:
        "../../scripts/joints/draw_unet_sheet.py"
