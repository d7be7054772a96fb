# A rehearsal of the study: the costly rules' own code for a few steps, at the study's sizes, on
# phantom images. Steps: make_rehearsal_images -> rehearse_<rule> of each -> table_rehearsal


rule make_rehearsal_images:
    """Make the few phantom images that all rehearsals share."""
    output:
        directory("<results>/rehearsal/images"),
    log:
        "<logs>/make_rehearsal_images.log",
    benchmark:
        "<benchmarks>/make_rehearsal_images.tsv"
    localrule: True
    conda:
        "../../envs/imaging.yaml"
    params:
        radiographs=REHEARSAL.radiographs,
        whole_images=REHEARSAL.whole_images,
        body_parts=REHEARSAL.body_parts,
        images=study.rehearsal.images,
        seed=study.seed,
        code=code("rehearsal/make_images"),
    script:
        "../scripts/rehearsal/make_images.py"


# Each asks for what its rule asks for. On one machine they run one at a time, so that none takes
# another's memory or time.
for heavy in REHEARSAL.rules:

    rule:
        """Rehearse a rule: a few steps or images at the study's sizes."""
        name:
            f"rehearse_{heavy.name}"
        input:
            images="<results>/rehearsal/images",
        output:
            heavy.record,
        log:
            f"<logs>/rehearse_{heavy.name}{heavy.suffix}.log",
        benchmark:
            f"<benchmarks>/rehearse_{heavy.name}{heavy.suffix}.tsv"
        conda:
            environment_of(heavy.name)
        threads: threads_of(heavy.name)
        resources:
            **asked_by(heavy.name),
            runtime=60,
            rehearsals=1,
        params:
            rule=heavy.name,
            arguments=heavy.arguments,
            code=code("rehearsal/rehearse"),
        script:
            "../scripts/rehearsal/rehearse.py"


if (
    workflow.is_main_process
    and workflow.resource_settings.nodes is None
    and "rehearsals" not in workflow.global_resources
):
    workflow.register_resource("rehearsals", 1)


rule table_rehearsal:
    """Table: time and memory of the costly rules, and what does not fit."""
    input:
        REHEARSAL.records(),
    output:
        shown_table("rehearsal", "Time and memory, rehearsed", "Cost", "rehearsal"),
    log:
        "<logs>/table_rehearsal.log",
    benchmark:
        "<benchmarks>/table_rehearsal.tsv"
    localrule: True
    conda:
        "../../envs/imaging.yaml"
    params:
        parts=REHEARSAL.parts(),
        code=code("rehearsal/table_rehearsal"),
    script:
        "../scripts/rehearsal/table_rehearsal.py"


rule rehearse:
    """Rehearse the costly rules at this study's sizes: hours, memory, and what does not fit."""
    input:
        multiext("<results>/rehearsal/rehearsal", ".csv", ".html"),
    localrule: True
