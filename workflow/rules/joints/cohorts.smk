# Cohorts: synthetic or the user's own -> one shape, checked before anything costly; the one split.
# Steps: make_joint_phantom -> check_radiographs, read_scores, read_boxes -> list_warnings,
# check_cohort -> split_patients


rule make_joint_phantom:
    """Make synthetic radiographs with known truth, in the layout of RA2-DREAM."""
    input:
        checked=checked(),
    output:
        directory("<results>/phantom/{cohort}"),
    log:
        "<logs>/make_joint_phantom/{cohort}.log",
    benchmark:
        "<benchmarks>/make_joint_phantom/{cohort}.tsv"
    conda:
        "../../../envs/imaging.yaml"
    threads: 16
    resources:
        **ask(gigabytes=8, seconds=JOINT_WORK.make_phantom),
    params:
        patients=study.phantom.patients,
        visits=study.phantom.visits,
        radiograph_height=study.phantom.radiograph_height,
        body_parts=[str(part) for part in JOINTS.body_parts],
        mix=JOINTS.phantom_mix,
        seed=study.seed,
        code=code("joints/make_joint_phantom"),
    script:
        "../../scripts/joints/make_joint_phantom.py"


rule check_radiographs:
    """Decode each radiograph of a shard once, to know what it is and that it can be read."""
    input:
        JOINTS.sources.shard_radiograph_files,
    output:
        radiographs="<results>/cohort/{cohort}/radiographs/{body_part}/{shard}.csv",
        appearance="<results>/cohort/{cohort}/appearance/{body_part}/{shard}.csv",
    log:
        "<logs>/check_radiographs/{cohort}-{body_part}-{shard}.log",
    benchmark:
        "<benchmarks>/check_radiographs/{cohort}-{body_part}-{shard}.tsv"
    priority: 10  # on the way to train_network
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    threads: 4
    params:
        source=JOINTS.sources.synthetic_radiographs,
        radiographs=JOINTS.sources.shard_rows,
        content=READ.radiographs,
        shards=JOINTS.counts.job_shards,
        max_megapixels=study.checks.max_megapixels,
        contradicting_headers=study.checks.contradicting_headers,
        code=code("joints/check_radiographs"),
    script:
        "../../scripts/joints/check_radiographs.py"


rule read_scores:
    """Read the scores, a row each, apart from the radiographs: a corrected score reruns no imaging."""
    input:
        JOINTS.sources.score_files,
    output:
        "<results>/cohort/{cohort}/scores.csv",
    log:
        "<logs>/read_scores/{cohort}.log",
    benchmark:
        "<benchmarks>/read_scores/{cohort}.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        source=JOINTS.sources.scores,
        only_visits=JOINTS.sources.only_visits,
        content=READ.score_file,
        code=code("joints/read_scores"),
    script:
        "../../scripts/joints/read_scores.py"


rule read_boxes:
    """Read the joint boxes that were drawn in labelImg, a row each."""
    input:
        changed=JOINTS.sources.box_files,
        radiographs=JOINTS.cohort_shards(
            "<results>/cohort/{cohort}/radiographs/{body_part}/{shard}.csv"
        ),
    output:
        "<results>/cohort/{cohort}/boxes.csv",
    log:
        "<logs>/read_boxes/{cohort}.log",
    benchmark:
        "<benchmarks>/read_boxes/{cohort}.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        source=JOINTS.sources.boxes,
        ignored_classes=plain(study.checks.ignored_classes),
        content=READ.box_files,
        code=code("joints/read_boxes"),
    script:
        "../../scripts/joints/read_boxes.py"


rule check_cohort:
    """List every problem of a cohort, and keep what can be used."""
    input:
        radiographs=JOINTS.checked("radiographs"),
        scores=JOINTS.sources.score_files,
        boxes=JOINTS.sources.box_files,
        split=JOINTS.split_table,
        overrides=JOINTS.override_table,
    output:
        problems="<results>/cohort/{cohort}/problems.csv",
        radiographs="<results>/cohort/{cohort}/kept/radiographs.csv",
        unscored="<results>/cohort/{cohort}/kept/unscored.csv",
        scores="<results>/cohort/{cohort}/kept/scores.csv",
        boxes="<results>/cohort/{cohort}/kept/boxes.csv",
    log:
        "<logs>/check_cohort/{cohort}.log",
    benchmark:
        "<benchmarks>/check_cohort/{cohort}.tsv"
    priority: 10  # on the way to train_network
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        radiographs=JOINTS.sources.radiographs,
        scores=JOINTS.sources.scores,
        boxes=JOINTS.sources.boxes,
        near_ids=PLAN.near_ids,
        settings=JOINTS.check_settings,
        not_read=JOINTS.sources.not_read,
        content=READ.score_file,
        labels=READ.box_files,
        split=READ.split_file,
        sampled_split=JOINTS.sampled_split,
        overrides=READ.override_file,
        code=code("joints/check_cohort"),
    script:
        "../../scripts/joints/check_cohort.py"


rule list_warnings:
    """List what is well formed and implausible; it stops nothing."""
    input:
        radiographs=JOINTS.checked("radiographs"),
        appearance=JOINTS.checked("appearance"),
        scores=JOINTS.sources.score_files,
        boxes=JOINTS.sources.box_files,
    output:
        "<results>/cohort/{cohort}/warnings.csv",
    log:
        "<logs>/list_warnings/{cohort}.log",
    benchmark:
        "<benchmarks>/list_warnings/{cohort}.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        radiographs=JOINTS.sources.radiographs,
        scores=JOINTS.sources.scores,
        boxes=JOINTS.sources.boxes,
        not_read=JOINTS.sources.not_read,
        limits=study.checks.warnings.model_dump(),
        ignored_classes=plain(study.checks.ignored_classes),
        content=READ.score_file,
        labels=READ.box_files,
        code=code("joints/list_warnings"),
    script:
        "../../scripts/joints/list_warnings.py"


rule split_patients:
    """Split the patients once, for masks, U-Net, detector and scores alike; who has a split keeps
    it.
    """
    input:
        made=JOINTS.sources.synthetic_folder,
        radiographs=ancient(JOINTS.split_radiographs),
        table=JOINTS.split_table,
        checked=checked("joints"),
    output:
        split=update("<results>/cohort/{cohort}/split.csv"),
        record=update("<results>/cohort/{cohort}/split.json"),
    log:
        "<logs>/split_patients/{cohort}.log",
    benchmark:
        "<benchmarks>/split_patients/{cohort}.tsv"
    priority: 10  # on the way to train_network
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        shares=JOINTS.split_shares,
        patients=READ.patients,
        set_aside=READ.set_aside,
        content=READ.split_file,
        code=code("joints/split_patients", *CHECKS),
    script:
        "../../scripts/joints/split_patients.py"
