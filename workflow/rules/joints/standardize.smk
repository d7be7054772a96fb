# Radiographs -> shards of one size and contrast (Tan et al., 2.2).


# Crop, resize, pad, CLAHE; a shard holds the radiographs whose ids hash to it.
rule standardize:
    input:
        changed=shard_radiograph_files,
        radiographs=branch(
            SET_ASIDE,
            then="<results>/cohort/{cohort}/kept/radiographs.csv",
            otherwise="<results>/cohort/{cohort}/radiographs/{kind}/{shard}.csv",
        ),
        checked=checked("joints"),
    output:
        images="<results>/standardized/{cohort}/{kind}/{shard}.npy",
        rows="<results>/standardized/{cohort}/{kind}/{shard}.csv",
    log:
        "<logs>/standardize/{cohort}-{kind}-{shard}.log",
    benchmark:
        "<benchmarks>/standardize/{cohort}-{kind}-{shard}.tsv"
    conda:
        "../../../envs/imaging.yaml"
    resources:
        **needs("standardize"),
    params:
        shards=lambda wildcards: study.standardize.shards[wildcards.kind],
        crop_bottom=lambda wildcards: study.standardize.crop_bottom[wildcards.kind],
        height=study.standardize.height,
        width=study.standardize.width,
        clahe=study.standardize.clahe.model_dump(),
        max_megapixels=study.checks.max_megapixels,
        code=code("joints/standardize"),
    script:
        "../../scripts/joints/standardize.py"
