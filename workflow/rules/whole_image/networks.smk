# Packed images -> pretrained, fine-tuned, stacked and binned scores of whole radiographs (Bo et
# al., 2.3-2.6). Steps: train_network (on bone age, then on totals and classes) -> stack_networks,
# bin_stack; train_network -> explain_network Further seeds lie beside the first, whose files lie in
# no folder of their own: {replicate} is empty.


# One network; those of bone age are what the others start from.
rule train_network:
    input:
        images=lambda wildcards: packed(
            ".npy", NETWORK_EXPERIMENTS[wildcards.network].cohort
        )({}),
        table=lambda wildcards: f"<results>/cohort/{NETWORK_EXPERIMENTS[wildcards.network].cohort}/images.csv",
        split=lambda wildcards: f"<results>/cohort/{NETWORK_EXPERIMENTS[wildcards.network].cohort}/split.csv",
        statistics=lambda wildcards: f"<results>/packed/{NETWORK_EXPERIMENTS[wildcards.network].cohort}/statistics.json",
        start=lambda wildcards: experiment_files(
            "model.pt",
            filter(None, [NETWORK_EXPERIMENTS[wildcards.network].start]),
            wildcards.replicate,
        ),
        checked=checked("whole_image"),
    output:
        model="<results>/whole_image/{replicate}{network}/model.pt",
        history="<results>/whole_image/{replicate}{network}/history.csv",
        predictions="<results>/whole_image/{replicate}{network}/predictions.csv",
        model_card="<results>/whole_image/{replicate}{network}/model_card.json",
    log:
        "<logs>/train_network/{replicate}{network}.log",
    benchmark:
        "<benchmarks>/train_network/{replicate}{network}.tsv"
    priority: 10  # a study's longest jobs: begun late, they would run alone at its end
    conda:
        "../../../envs/torch.yaml"
    threads: 8
    resources:
        **needs("train_network"),
    params:
        experiment=lambda wildcards: asdict(NETWORK_EXPERIMENTS[wildcards.network]),
        settings=training_settings,
        seed=experiment_seed,
        data=lambda wildcards: image_data_name(
            NETWORK_EXPERIMENTS[wildcards.network].cohort
        ),
        checkpoints=f"{RESULTS}/checkpoints",
        code=code("whole_image/train_network"),
    script:
        "../../scripts/whole_image/train_network.py"


# A linear layer over the outputs of three networks.
rule stack_networks:
    input:
        members=members,
        statistics="<results>/packed/whole_image/statistics.json",
        checked=checked("whole_image"),
    output:
        model="<results>/whole_image/{replicate}{stack}/model.pt",
        history="<results>/whole_image/{replicate}{stack}/history.csv",
        predictions="<results>/whole_image/{replicate}{stack}/predictions.csv",
        model_card="<results>/whole_image/{replicate}{stack}/model_card.json",
    log:
        "<logs>/stack_networks/{replicate}{stack}.log",
    benchmark:
        "<benchmarks>/stack_networks/{replicate}{stack}.tsv"
    conda:
        "../../../envs/torch.yaml"
    params:
        settings=WHOLE_IMAGE.stacking.model_dump(),
        seed=experiment_seed,
        data=image_data_name("whole_image"),
        code=code("whole_image/stack_networks"),
    script:
        "../../scripts/whole_image/stack_networks.py"


# The stacked totals as severity classes.
rule bin_stack:
    input:
        lambda wildcards: experiment_files(
            "predictions.csv",
            [BINNED_EXPERIMENTS[wildcards.binned].stack],
            wildcards.replicate,
        ),
    output:
        "<results>/whole_image/{replicate}{binned}/predictions.csv",
    log:
        "<logs>/bin_stack/{replicate}{binned}.log",
    benchmark:
        "<benchmarks>/bin_stack/{replicate}{binned}.tsv"
    conda:
        "../../../envs/torch.yaml"
    params:
        code=code("whole_image/bin_stack"),
    script:
        "../../scripts/whole_image/bin_stack.py"


# Where the paper's two networks look: four test radiographs each, and how much of the heat is on
# joints.
rule explain_network:
    input:
        model=lambda wildcards: experiment_files(
            "model.pt", [EXPLAINED[wildcards.task]]
        ),
        predictions=lambda wildcards: experiment_files(
            "predictions.csv", [EXPLAINED[wildcards.task]]
        ),
        images=packed(".npy", "whole_image"),
        statistics="<results>/packed/whole_image/statistics.json",
        truth=branch(
            WHOLE_IMAGE_IS_PHANTOM, then=phantom_folder("whole_image"), otherwise=[]
        ),
    output:
        heat="<results>/whole_image/grad_cam/{task}.npz",
        cases="<results>/whole_image/grad_cam/{task}.csv",
        shares="<results>/whole_image/grad_cam/{task}_pointing_game.csv",
    log:
        "<logs>/explain_network/{task}.log",
    benchmark:
        "<benchmarks>/explain_network/{task}.tsv"
    conda:
        "../../../envs/torch.yaml"
    threads: 4
    resources:
        **needs("explain_network"),
    params:
        experiment=lambda wildcards: EXPLAINED[wildcards.task],
        classes=WHOLE_IMAGE.grad_cam.classes.model_dump(),
        code=code("whole_image/explain_network"),
    script:
        "../../scripts/whole_image/explain_network.py"
