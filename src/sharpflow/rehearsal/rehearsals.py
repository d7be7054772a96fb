"""The rules that are rehearsed, by name."""

from collections.abc import Callable, Mapping

from sharpflow.rehearsal import joints, whole_images
from sharpflow.rehearsal.measured import Measured

REHEARSALS: Mapping[str, Callable[..., Measured]] = {
    "standardize": joints.rehearse_standardize,
    "make_entropy_masks": joints.rehearse_entropy_masks,
    "train_unet": joints.rehearse_unet,
    "segment": joints.rehearse_segment,
    "train_detector": joints.rehearse_detector,
    "detect_joints": joints.rehearse_detect,
    "make_synthetic_joints": joints.rehearse_synthetic_joints,
    "train_base": joints.rehearse_base,
    "extract_features": joints.rehearse_features,
    "train_head": joints.rehearse_head,
    "train_network": whole_images.rehearse_network,
    "explain_network": whole_images.rehearse_explain,
}
