# Pages for the report: a few radiographs on which a stage went well, typically and badly.


rule show_masks:
    """Show good, typical and worst masks, of entropy and of the U-Net."""
    input:
        images=JOINTS.every_shard(
            "<results>/standardized/joints/{body_part}/{shard}.npy"
        ),
        entropy=JOINTS.every_shard("<results>/masks/entropy/{body_part}/{shard}.npy"),
        unet=JOINTS.every_shard("<results>/masks/unet/{body_part}/{shard}.npy"),
        quality=JOINTS.every_shard("<results>/masks/quality/{body_part}/{shard}.csv"),
        chosen=JOINTS.each_body_part("<results>/masks/chosen/{body_part}.csv"),
        radiographs="<results>/detection/radiographs.csv",
    output:
        shown(
            "<results>/report/masks.html",
            "Good, typical and worst masks",
            TAN,
            EXAMPLES,
        ),
    log:
        "<logs>/show_masks.log",
    benchmark:
        "<benchmarks>/show_masks.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        body_parts=[str(part) for part in JOINTS.body_parts],
        data=plain(JOINTS.data_name()),
        code=code("joints/show_masks"),
    script:
        "../../scripts/joints/show_masks.py"


rule show_detections:
    """Show radiographs on which detection went well, typically and badly."""
    input:
        radiographs="<results>/detection/radiographs.csv",
        joints=JOINTS.each_body_part("<results>/detection/{body_part}/joints.csv"),
        images=JOINTS.every_shard(
            "<results>/standardized/joints/{body_part}/{shard}.npy"
        ),
    output:
        shown(
            "<results>/report/detections.html",
            "Good, typical and worst detections",
            TAN,
            EXAMPLES,
        ),
    log:
        "<logs>/show_detections.log",
    benchmark:
        "<benchmarks>/show_detections.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        body_parts=[str(part) for part in JOINTS.body_parts],
        rule=study.identification.rule,
        split=study.split.model_dump(exclude={"table"}),
        data=plain(JOINTS.data_name()),
        code=code("joints/show_detections"),
    script:
        "../../scripts/joints/show_detections.py"


rule show_scores:
    """Show test radiographs that were scored well, typically and badly."""
    input:
        joints="<results>/scores/joints.csv",
        radiographs="<results>/detection/radiographs.csv",
        images=JOINTS.every_shard(
            "<results>/standardized/joints/{body_part}/{shard}.npy"
        ),
    output:
        shown(
            "<results>/report/scores.html",
            "Good, typical and worst scores",
            TAN,
            EXAMPLES,
        ),
    log:
        "<logs>/show_scores.log",
    benchmark:
        "<benchmarks>/show_scores.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        body_parts=[str(part) for part in JOINTS.body_parts],
        data=plain(JOINTS.data_name()),
        unit=study.split.unit,
        code=code("joints/show_scores"),
    script:
        "../../scripts/joints/show_scores.py"
