"""ResNet-Dwise50 (Wang et al., Complexity 2022, 5485606), as far as it is known."""

from typing import Any

from torch import nn
from torchvision.models.mobilenetv2 import InvertedResidual
from torchvision.models.resnet import ResNet


def resnet_dwise50(num_classes: int) -> Any:
    """A ResNet-50 of inverted residual blocks, with random weights.

    Known, from its abstract and from Bo et al. (1): ResNet-50 with depthwise separable
    convolutions, its residual blocks replaced by the inverted ones of MobileNetV2. Ours, since we
    have no more of it: ResNet-50's stem and 3, 4, 6 and 3 blocks with its widths turned inside
    out, so that 64, 128, 256 and 512 channels run between blocks and 4 times as many within one;
    blocks as in MobileNetV2, linear at their end and without a shortcut where the shape changes.
    """
    return ResNet(_Inverted, [3, 4, 6, 3], num_classes=num_classes)


class _Inverted(InvertedResidual):  # type: ignore[misc]
    """MobileNetV2's block, asked for as a ResNet asks for its blocks."""

    expansion = 1  # channels that leave a block, as a multiple of the stage's

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        *_wide: Any,
        **_resnext: Any,
    ) -> None:
        del downsample
        super().__init__(inplanes, planes, stride, expand_ratio=4)
