# Trained networks, settings and model cards -> one file with which `sharpflow score` scores new
# radiographs, where nothing of this workflow is installed.
BUNDLE = PLAN.bundle


rule pack_bundle:
    """Pack the trained networks, as ONNX, and what they expect into one file."""
    input:
        networks=list(BUNDLE.networks.values()),
        cards=list(BUNDLE.cards.values()),
        stacks=list(BUNDLE.stacks.values()),
        splits=list(BUNDLE.splits.values()),
        confidences=list(BUNDLE.confidences.values()),
        statistics=BUNDLE.statistics,
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
        confidences=list(BUNDLE.confidences),
        code=code("pack_bundle"),
    script:
        "../scripts/pack_bundle.py"
