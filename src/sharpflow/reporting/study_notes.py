"""What made a study's numbers, as sentences for the notes under its tables."""

from dataclasses import dataclass


def data_sentence(data: str) -> str:
    """A sentence on the data: "phantom" or a cohort's name."""
    if data == "phantom":
        return "Data: phantom, that is synthetic radiographs, not real radiographs."
    return f"Data: {data}."


@dataclass(frozen=True)
class StudyNotes:
    """What made the numbers of the joint pipeline.

    Attributes:
        data: "phantom" or the cohort's name, as in the column `data`.
        base_weights: the VGG16 base's weights: "none", "download" or a file name.
        detector: the detector's model, "yolov3", "yolov3-tiny".
        detector_data: whose boxes trained the detector, "phantom" or the label folder's name.
        detector_weights: initial weights of the detector: "none", "download" or a file name.
        rule: the rule of joint identification used for scoring, "paper" or "template".
        unit: what was split for scoring, "patient" or "joint".
        visits: "24 radiographs of 5 patients, 6 visits", of all splits, where patients have several
            visits; else empty.
    """

    data: str
    base_weights: str
    detector: str
    detector_data: str
    detector_weights: str
    rule: str
    unit: str
    visits: str = ""

    def of_data(self) -> str:
        """A sentence on the data, and one on visits where patients have several."""
        if not self.visits:
            return data_sentence(self.data)
        return (
            f"{data_sentence(self.data)} In all {self.visits}; all visits of a patient are in one "
            "split, and intervals resample patients."
        )

    def of_base(self) -> str:
        """A sentence on the weights of the VGG16 base."""
        if self.base_weights == "none":
            return "VGG16 base trained on synthetic joints, not ImageNet."
        if self.base_weights == "download":
            return "VGG16 base with ImageNet weights, frozen."
        return f"VGG16 base with the weights of {self.base_weights}, frozen."

    def of_detector(self) -> list[str]:
        """Sentences on the detector, its training boxes and its initial weights."""
        start = {
            "none": "from random weights (the paper: from COCO weights)",
            "download": "from COCO weights",
        }.get(self.detector_weights, f"from the weights of {self.detector_weights}")
        boxes = (
            "synthetic radiographs"
            if self.detector_data == "phantom"
            else f"radiographs of {self.detector_data}"
        )
        return [
            f"Detector: {self.detector}, the YOLOv3 backbone with ultralytics' anchor-free head "
            "(the paper's has darknet's head with three anchors).",
            f"Detector trained on boxes of {boxes}, {start}.",
        ]

    def of_split(self) -> list[str]:
        """Sentences on how the scored joints were split into training and test joints."""
        if self.unit == "patient":
            return ["Split by patient: no joint of a test patient was used for training."]
        return [
            "Split by joint, as the paper may mean it: patients have both training and test "
            "joints. For nearly every test joint, other joints of its patient, often of the same "
            "radiograph, are in the training set, and the U-Net and the detector were trained on "
            "most of these radiographs. These results do not show how well new patients are "
            "scored, and are not comparable with a split by patient.",
            "Test joints are cropped from the detector's boxes, never from labels; on radiographs "
            "that the detector was trained on, its boxes are better than on others.",
        ]

    def of_rule(self) -> str:
        """A sentence on joint identification."""
        if self.rule == "paper":
            return (
                "Joints named by the paper's rule: by horizontal order; a radiograph with fewer "
                "than 10 boxes (foot: 6) is left unnamed. The side of the thumb or great toe comes "
                "from the layout of the boxes, not from the radiograph's side."
            )
        return (
            "Joints named by fitting a template of the limb's joints to the boxes (ours), even "
            "if some boxes are missing."
        )
