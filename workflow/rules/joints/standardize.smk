# Radiographs -> shards of one size and contrast (Tan et al., 2.2).


rule standardize:
    """Crop, resize, pad and equalize the radiographs whose ids hash to a shard."""
    input:
        changed=JOINTS.sources.shard_radiograph_files,
        radiographs=ancient(JOINTS.shard_table),
        checked=checked("joints"),
    output:
        images="<results>/standardized/{cohort}/{body_part}/{shard}.npy",
        rows="<results>/standardized/{cohort}/{body_part}/{shard}.csv",
    log:
        "<logs>/standardize/{cohort}-{body_part}-{shard}.log",
    benchmark:
        "<benchmarks>/standardize/{cohort}-{body_part}-{shard}.tsv"
    conda:
        "../../../envs/imaging.yaml"
    resources:
        **ask(gigabytes=2, seconds=JOINT_WORK.standardize),
    params:
        shards=JOINTS.counts.job_shards,
        crop_bottom=JOINTS.crop_bottom,
        height=study.standardize.height,
        width=study.standardize.width,
        clahe=study.standardize.clahe.model_dump(),
        max_megapixels=study.checks.max_megapixels,
        content=READ.radiographs,
        set_aside=READ.set_aside,
        code=code("joints/standardize", *CHECKS),
    script:
        "../../scripts/joints/standardize.py"
