"""Frameworks that unit tests share one process with."""

import lightning.pytorch  # noqa: F401
import torch._dynamo  # noqa: F401  brings triton, which aborts the process if TensorFlow was first
import torchvision  # noqa: F401
