# Pretrained weights: from a local file, its SHA-256 checked, or by download where that is asked
# for.


rule fetch_vgg16:
    """Fetch ImageNet's VGG16, in place of the base that learns on synthetic joints."""
    output:
        "<results>/vgg16/imagenet.keras",
    log:
        "<logs>/fetch_vgg16.log",
    benchmark:
        "<benchmarks>/fetch_vgg16.tsv"
    localrule: True
    conda:
        "../../../envs/keras.yaml"
    params:
        **weights_file(study.vgg16.weights),
        size=study.crops.size,
        code=code("joints/fetch_vgg16"),
    script:
        "../../scripts/joints/fetch_vgg16.py"


rule fetch_yolov3:
    """Fetch COCO's YOLOv3, from which the paper's detectors start."""
    output:
        "<results>/detector/coco.pt",
    log:
        "<logs>/fetch_yolov3.log",
    benchmark:
        "<benchmarks>/fetch_yolov3.tsv"
    localrule: True
    conda:
        "../../../envs/torch.yaml"
    params:
        **weights_file(study.detector.weights),
        model=study.detector.model,
        code=code("joints/fetch_yolov3"),
    script:
        "../../scripts/joints/fetch_yolov3.py"
