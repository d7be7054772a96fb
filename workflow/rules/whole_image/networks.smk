# Packed images -> pretrained, fine-tuned, stacked and binned scores of whole radiographs (Bo et
# al., 2.3-2.6). Steps: train_network (on bone age, then on totals and classes) -> stack_networks,
# bin_stack; train_network -> explain_network


rule train_network:
    """Train a network on bone age, or on totals or classes from a pretrained one, and predict all
    images.
    """
    input:
        unpack(WHOLE_IMAGE.network_inputs),
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
        **ask(
            gigabytes=WHOLE_IMAGE_WORK.training_memory,
            seconds=WHOLE_IMAGE_WORK.train_network,
            gpus=WHOLE_IMAGE_WORK.gpus,
        ),
    params:
        experiment=WHOLE_IMAGE.experiment,
        settings=WHOLE_IMAGE.training_settings,
        seed=WHOLE_IMAGE.seed,
        data=WHOLE_IMAGE.trained_on,
        checkpoints=f"{RESULTS}/checkpoints",
        code=code("whole_image/train_network"),
    script:
        "../../scripts/whole_image/train_network.py"


rule stack_networks:
    """Fit a linear layer over the outputs of three networks."""
    input:
        members=WHOLE_IMAGE.members,
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
    localrule: True
    conda:
        "../../../envs/torch.yaml"
    params:
        settings=study.whole_image.stacking.model_dump(),
        seed=WHOLE_IMAGE.seed,
        data=told(WHOLE_IMAGE.images.folder()),
        code=code("whole_image/stack_networks"),
    script:
        "../../scripts/whole_image/stack_networks.py"


rule bin_stack:
    """Put the stacked totals into severity classes."""
    input:
        WHOLE_IMAGE.binned_stack,
    output:
        "<results>/whole_image/{replicate}{binned}/predictions.csv",
    log:
        "<logs>/bin_stack/{replicate}{binned}.log",
    benchmark:
        "<benchmarks>/bin_stack/{replicate}{binned}.tsv"
    localrule: True
    conda:
        "../../../envs/torch.yaml"
    params:
        code=code("whole_image/bin_stack"),
    script:
        "../../scripts/whole_image/bin_stack.py"


rule explain_network:
    """Compute Grad-CAM of four test radiographs, and how much of the heat is on joints."""
    input:
        model=WHOLE_IMAGE.explained_file("model.pt"),
        predictions=WHOLE_IMAGE.explained_file("predictions.csv"),
        images=WHOLE_IMAGE.images.packed(".npy", "whole_image"),
        statistics="<results>/packed/whole_image/statistics.json",
        truth=WHOLE_IMAGE.images.truth(),
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
        **ask(gigabytes=8, seconds=120, gpus=1),
    params:
        experiment=WHOLE_IMAGE.explained_name,
        rules=WHOLE_IMAGE.case_rules,
        code=code("whole_image/explain_network"),
    script:
        "../../scripts/whole_image/explain_network.py"
