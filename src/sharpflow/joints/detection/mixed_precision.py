"""Products in bfloat16 while the detector learns, its loss in float32."""

from typing import Any


def predict_in_bfloat16(network: Any, device: str) -> None:
    """Let an ultralytics network multiply in bfloat16; its loss is computed in float32.

    The loss decodes boxes from numbers of cells, of which bfloat16 keeps 8 bits: beyond cell 32 a
    box would be up to an eighth of a cell off. So what the network predicts is float32 again before
    the loss reads it, and so are the anchors, which take their type from the predictions.

    Args:
        network: a `DetectionModel`; `predict`, which its `loss` calls, is replaced.
        device: torch's type of its device, "cpu" or "cuda".
    """
    import torch

    predict = torch.autocast(device, torch.bfloat16)(network.predict)
    network.predict = lambda *images, **options: _in_float32(predict(*images, **options))


def _in_float32(predictions: Any) -> Any:
    """Tensors in float32, in whatever dictionaries and lists they lie."""
    if isinstance(predictions, dict):
        return {name: _in_float32(part) for name, part in predictions.items()}
    if isinstance(predictions, list | tuple):
        return type(predictions)(map(_in_float32, predictions))
    return predictions.float()
