# Scores -> a page for each patient: test patients', and of radiographs that nobody has scored.


rule page_patients:
    """Write a page for each test patient, and for patients with radiographs without scores."""
    input:
        joints=with_unscored(
            "<results>/scores/joints.csv", "<results>/scores/unscored/joints.csv"
        ),
        radiographs=with_unscored(
            "<results>/detection/radiographs.csv",
            "<results>/unscored/detection/radiographs.csv",
        ),
        overlays=with_unscored(
            "<results>/scores/overlays", "<results>/scores/unscored/overlays"
        ),
    output:
        directory("<results>/scores/patients"),
    log:
        "<logs>/page_patients.log",
    benchmark:
        "<benchmarks>/page_patients.tsv"
    localrule: True
    conda:
        "../../../envs/imaging.yaml"
    params:
        data=plain(JOINTS.data_name()),
        unit=study.split.unit,
        code=code("joints/page_patients"),
    script:
        "../../scripts/joints/page_patients.py"
