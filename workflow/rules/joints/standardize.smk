# Radiographs -> shards of one size and contrast (Tan et al., 2.2).


# Crop, resize, pad, CLAHE; a shard holds the radiographs whose ids hash to it.
rule standardize:
    input:
        changed=shard_radiograph_files,
        radiographs=branch(
            SET_ASIDE,
            then="<results>/cohort/{cohort}/kept/radiographs.csv",
            otherwise="<results>/cohort/{cohort}/radiographs/{body_part}/{shard}.csv",
        ),
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
        **needs("standardize"),
    params:
        shards=lambda wildcards: study.standardize.shards[wildcards.body_part],
        crop_bottom=lambda wildcards: study.standardize.crop_bottom[wildcards.body_part],
        height=study.standardize.height,
        width=study.standardize.width,
        clahe=study.standardize.clahe.model_dump(),
        max_megapixels=study.checks.max_megapixels,
        code=code("joints/standardize"),
    script:
        "../../scripts/joints/standardize.py"
