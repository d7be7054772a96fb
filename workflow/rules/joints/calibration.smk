# What the bundle needs to tell how sure its scores are; nothing of the papers is made of it.


rule predict_out_of_fold:
    """Train the heads anew on folds of patients, each of which predicts those it left out."""
    input:
        features=JOINTS.each_body_part("<results>/features/{body_part}.npy"),
        crops=JOINTS.each_body_part("<results>/crops/{body_part}/crops.csv"),
        scores=ancient("<results>/cohort/joints/scores.csv"),
        checked=checked("joints"),
    output:
        JOINTS.each_model("<results>/calibration/{model}.csv"),
    log:
        "<logs>/predict_out_of_fold.log",
    benchmark:
        "<benchmarks>/predict_out_of_fold.tsv"
    conda:
        "../../../envs/keras.yaml"
    resources:
        **ask(gigabytes=3, seconds=JOINT_WORK.predict_out_of_fold),
    params:
        body_parts=[str(part) for part in JOINTS.body_parts],
        models=list(JOINTS.models),
        settings=study.heads.model_dump(exclude={"seeds"}),
        folds=study.calibration.folds,
        seed=study.seed,
        scores=READ.every_models_scores,
        checkpoints=f"{RESULTS}/checkpoints",
        code=code("joints/predict_out_of_fold", "joints/read_scores"),
    script:
        "../../scripts/joints/predict_out_of_fold.py"
