# Standardized radiographs -> masks by entropy, and which of them are good (Tan et al., 2.3.1).
# Steps: make_entropy_masks -> choose_masks -> draw_contact_sheet


rule make_entropy_masks:
    """Make a mask of each radiograph by entropy, and measure how good it looks."""
    input:
        images="<results>/standardized/joints/{body_part}/{shard}.npy",
        rows="<results>/standardized/joints/{body_part}/{shard}.csv",
    output:
        masks="<results>/masks/entropy/{body_part}/{shard}.npy",
        rows="<results>/masks/entropy/{body_part}/{shard}.csv",
        quality="<results>/masks/quality/{body_part}/{shard}.csv",
    log:
        "<logs>/make_entropy_masks/{body_part}-{shard}.log",
    benchmark:
        "<benchmarks>/make_entropy_masks/{body_part}-{shard}.tsv"
    conda:
        "../../../envs/imaging.yaml"
    resources:
        **ask(gigabytes=3, seconds=JOINT_WORK.entropy_masks),
    params:
        settings=study.masks.model_dump(exclude={"good_quality", "overrides"}),
        code=code("joints/make_entropy_masks"),
    script:
        "../../scripts/joints/make_entropy_masks.py"


rule choose_masks:
    """Choose good masks by their quality; a person's CSV overrules (the paper's "by eye")."""
    input:
        quality=JOINTS.shards("<results>/masks/quality/{body_part}/{shard}.csv"),
        overrides=own_file(study.masks.overrides),
        checked=checked("joints"),
    output:
        "<results>/masks/chosen/{body_part}.csv",
    log:
        "<logs>/choose_masks/{body_part}.log",
    benchmark:
        "<benchmarks>/choose_masks/{body_part}.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        good_quality=study.masks.good_quality,
        verdicts=READ.verdicts,
        code=code("joints/choose_masks"),
    script:
        "../../scripts/joints/choose_masks.py"


rule draw_contact_sheet:
    """Draw a shard's radiographs with their masks, for a person who may overrule."""
    input:
        images="<results>/standardized/joints/{body_part}/{shard}.npy",
        masks="<results>/masks/entropy/{body_part}/{shard}.npy",
        quality="<results>/masks/quality/{body_part}/{shard}.csv",
        chosen="<results>/masks/chosen/{body_part}.csv",
    output:
        "<results>/masks/sheets/{body_part}-{shard}.png",
    log:
        "<logs>/draw_contact_sheet/{body_part}-{shard}.log",
    benchmark:
        "<benchmarks>/draw_contact_sheet/{body_part}-{shard}.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        code=code("joints/draw_contact_sheet"),
    script:
        "../../scripts/joints/draw_contact_sheet.py"
