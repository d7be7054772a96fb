# What the bundle needs to tell how sure its scores are; nothing of the papers is made of it.


rule predict_out_of_fold:
    """Train a head anew on folds of patients, each of which predicts the patients it left out."""
    input:
        features=JOINTS.of_model("<results>/features/{body_part}.npy"),
        crops=JOINTS.of_model("<results>/crops/{body_part}/crops.csv"),
        scores=ancient("<results>/cohort/joints/scores.csv"),
        checked=checked("joints"),
    output:
        "<results>/calibration/{model}.csv",
    log:
        "<logs>/predict_out_of_fold/{model}.log",
    benchmark:
        "<benchmarks>/predict_out_of_fold/{model}.tsv"
    conda:
        "../../../envs/keras.yaml"
    resources:
        **ask(gigabytes=3, seconds=JOINT_WORK.predict_out_of_fold),
    params:
        settings=study.heads.model_dump(exclude={"seeds"}),
        folds=study.calibration.folds,
        seed=study.seed,
        scores=READ.scores,
        checkpoints=f"{RESULTS}/checkpoints",
        code=code("joints/predict_out_of_fold", "joints/read_scores"),
    script:
        "../../scripts/joints/predict_out_of_fold.py"
