# Trained networks, settings and model cards -> one file with which `sharpflow score` scores new
# radiographs, where nothing of this workflow is installed, and `snakemake score` in this study.
# Steps: pack_bundle -> score_new_radiographs
BUNDLE = PLAN.bundle
NEW = PLAN.new_radiographs


rule pack_bundle:
    """Pack the trained networks, as ONNX, and what they expect into one file."""
    input:
        networks=list(BUNDLE.networks.values()),
        cards=list(BUNDLE.cards.values()),
        stacks=list(BUNDLE.stacks.values()),
        splits=list(BUNDLE.splits.values()),
        confidences=list(BUNDLE.confidences.values()),
        features=[files[0] for files in BUNDLE.familiar.values()],
        crops=[files[1] for files in BUNDLE.familiar.values()],
        statistics=BUNDLE.statistics,
        out_of_fold=list(BUNDLE.out_of_fold.values()),
        totals=BUNDLE.totals,
        finger_line=BUNDLE.finger_line,
        checked=checked("joints", "whole_image"),
    output:
        PLAN.bundle_results(),
    log:
        "<logs>/pack_bundle.log",
    benchmark:
        "<benchmarks>/pack_bundle.tsv"
    conda:
        "../../envs/bundle.yaml"
    resources:
        **ask(gigabytes=8, seconds=120),
    params:
        study=study.study,
        networks=list(BUNDLE.networks),
        cards=list(BUNDLE.cards),
        stacks=list(BUNDLE.stacks),
        joints=plain(BUNDLE.joints),
        whole_image=plain(BUNDLE.whole_image),
        data=plain(BUNDLE.data),
        units=plain(BUNDLE.units),
        max_megapixels=study.checks.max_megapixels,
        confidences=list(BUNDLE.confidences),
        familiar=list(BUNDLE.familiar),
        out_of_fold=list(BUNDLE.out_of_fold),
        code=code("pack_bundle"),
    script:
        "../scripts/pack_bundle.py"


rule make_new_patients:
    """Make synthetic radiographs of two patients of whom no network learned."""
    output:
        directory("<results>/phantom/new_patients"),
    log:
        "<logs>/make_new_patients.log",
    benchmark:
        "<benchmarks>/make_new_patients.tsv"
    localrule: True
    conda:
        "../../envs/imaging.yaml"
    params:
        joints=plain(BUNDLE.joints and study.phantom.radiograph_height),
        whole_image=plain(PLAN.whole_image and study.phantom.whole_image_height),
        body_parts=list(BUNDLE.joints["body_parts"]) if BUNDLE.joints else [],
        seed=study.seed,
        code=code("make_new_patients"),
    script:
        "../scripts/make_new_patients.py"


if NEW.given:

    rule score_new_radiographs:
        """Score new radiographs with the bundle: tables, overlays and pages."""
        input:
            bundle=PLAN.bundle_results(),
            synthetic=NEW.inputs,
        output:
            directory(NEW.folder),
        log:
            f"<logs>/score_new_radiographs/{NEW.name}.log",
        benchmark:
            f"<benchmarks>/score_new_radiographs/{NEW.name}.tsv"
        conda:
            "../../envs/bundle.yaml"
        threads: 8
        resources:
            **ask(gigabytes=4, seconds=lambda wildcards: 3 * NEW.count),
        params:
            given=NEW.images,
            content=NEW.content,
            code=code("score_new_radiographs"),
        script:
            "../scripts/score_new_radiographs.py"
