# Whole radiographs and children's hands: synthetic or the user's own -> one size, checked, split
# (Bo et al., 2.1). Steps: make_whole_image_phantom, make_bone_age_phantom -> pack_images ->
# list_image_warnings, check_images -> split_images -> measure_images


rule make_whole_image_phantom:
    """Make synthetic radiographs of both hands; the first patients are the joint cohort's."""
    input:
        checked=checked(),
    output:
        directory("<results>/phantom/whole_image"),
    log:
        "<logs>/make_whole_image_phantom.log",
    benchmark:
        "<benchmarks>/make_whole_image_phantom.tsv"
    priority: 10  # on the way to train_network
    conda:
        "../../../envs/imaging.yaml"
    threads: 16
    resources:
        **ask(gigabytes=8, seconds=WHOLE_IMAGE_WORK.make_whole_image_phantom),
    params:
        patients=study.phantom.whole_image_patients,
        shared=study.phantom.patients,
        radiograph_height=study.phantom.whole_image_height,
        seed=study.seed,
        code=code("whole_image/make_whole_image_phantom"),
    script:
        "../../scripts/whole_image/make_whole_image_phantom.py"


rule make_bone_age_phantom:
    """Make synthetic radiographs of children's hands by bone age, in RSNA's layouts."""
    input:
        checked=checked(),
    output:
        directory("<results>/phantom/bone_age"),
    log:
        "<logs>/make_bone_age_phantom.log",
    benchmark:
        "<benchmarks>/make_bone_age_phantom.tsv"
    priority: 10  # on the way to train_network
    conda:
        "../../../envs/imaging.yaml"
    threads: 16
    resources:
        **ask(gigabytes=8, seconds=WHOLE_IMAGE_WORK.make_bone_age_phantom),
    params:
        children=study.phantom.children,
        radiograph_height=study.phantom.child_radiograph_height,
        seed=study.seed,
        code=code("whole_image/make_bone_age_phantom"),
    script:
        "../../scripts/whole_image/make_bone_age_phantom.py"


rule pack_images:
    """Decode and resize each image of a shard once; list what cannot be read."""
    input:
        WHOLE_IMAGE.images.image_files,
    output:
        images="<results>/packed/{images}/{shard}.npy",
        rows="<results>/packed/{images}/{shard}.csv",
        problems="<results>/packed/{images}/{shard}.problems.csv",
        appearance="<results>/packed/{images}/{shard}.appearance.csv",
    log:
        "<logs>/pack_images/{images}-{shard}.log",
    benchmark:
        "<benchmarks>/pack_images/{images}-{shard}.tsv"
    priority: 10  # on the way to train_network
    conda:
        "../../../envs/imaging.yaml"
    threads: 4
    resources:
        **ask(gigabytes=2, seconds=25),
    params:
        own=READ_IMAGES.files,
        content=READ_IMAGES.images,
        source=WHOLE_IMAGE.images.synthetic_source,
        shards=WHOLE_IMAGE.images.count_shards,
        size=study.whole_image.size,
        contrast=study.whole_image.contrast,
        max_megapixels=study.checks.max_megapixels,
        contradicting_headers=study.checks.contradicting_headers,
        code=code("whole_image/pack_images"),
    script:
        "../../scripts/whole_image/pack_images.py"


rule check_images:
    """List every problem of a cohort of images, and keep what can be used."""
    input:
        tables=WHOLE_IMAGE.images.label_tables,
        rows=WHOLE_IMAGE.images.checked_packed(".csv"),
        problems=WHOLE_IMAGE.images.checked_packed(".problems.csv"),
        comments=WHOLE_IMAGE.images.comment_table,
    output:
        images="<results>/cohort/{images}/images.csv",
        unscored="<results>/cohort/{images}/unscored.csv",
        problems="<results>/cohort/{images}/problems.csv",
    log:
        "<logs>/check_images/{images}.log",
    benchmark:
        "<benchmarks>/check_images/{images}.tsv"
    priority: 10  # on the way to train_network
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        source=READ_IMAGES.source,
        columns=READ_IMAGES.columns,
        content=READ_IMAGES.labels,
        on_problem=study.checks.on_problem,
        near_ids=PLAN.near_ids,
        comments=READ_IMAGES.comments,
        split=PLAN.split_of_images,
        code=code("whole_image/check_images"),
    script:
        "../../scripts/whole_image/check_images.py"


rule list_image_warnings:
    """List what is well formed and implausible; it stops nothing."""
    input:
        tables=WHOLE_IMAGE.images.label_tables,
        appearance=WHOLE_IMAGE.images.checked_packed(".appearance.csv"),
    output:
        "<results>/cohort/{images}/warnings.csv",
    log:
        "<logs>/list_image_warnings/{images}.log",
    benchmark:
        "<benchmarks>/list_image_warnings/{images}.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        source=WHOLE_IMAGE.images.source_of,
        content=READ_IMAGES.labels,
        unlisted=READ_IMAGES.unlisted,
        limits=study.checks.warnings.model_dump(),
        code=code("whole_image/list_image_warnings"),
    script:
        "../../scripts/whole_image/list_image_warnings.py"


rule split_images:
    """Split the images for all experiments; who has a split, here or in the joint cohort, keeps it."""
    input:
        images="<results>/cohort/{images}/images.csv",
        joints="<results>/cohort/joints/split.csv" if PLAN.shares_patients else [],
        checked=checked("whole_image"),
    output:
        split=update("<results>/cohort/{images}/split.csv"),
        record=update("<results>/cohort/{images}/split.json"),
    log:
        "<logs>/split_images/{images}.log",
    benchmark:
        "<benchmarks>/split_images/{images}.tsv"
    priority: 10  # on the way to train_network
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        settings=study.whole_image.split.model_dump(),
        code=code("whole_image/split_images"),
    script:
        "../../scripts/whole_image/split_images.py"


rule measure_images:
    """Measure mean and SD of the training images' pixels and targets."""
    input:
        images=WHOLE_IMAGE.images.packed_of(".npy"),
        table="<results>/cohort/{images}/images.csv",
        split="<results>/cohort/{images}/split.csv",
        checked=checked("whole_image"),
    output:
        "<results>/packed/{images}/statistics.json",
    log:
        "<logs>/measure_images/{images}.log",
    benchmark:
        "<benchmarks>/measure_images/{images}.tsv"
    priority: 10  # on the way to train_network
    conda:
        "../../../envs/imaging.yaml"
    resources:
        **ask(
            gigabytes=WHOLE_IMAGE_WORK.measure_memory, seconds=WHOLE_IMAGE_WORK.measure
        ),
    params:
        code=code("whole_image/measure_images"),
    script:
        "../../scripts/whole_image/measure_images.py"
