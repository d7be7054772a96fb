"""Radiographs as pixels: reading, standardizing, local entropy, shards.

`local_entropy` is found here without loading numba until somebody uses it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"entropy": ["local_entropy"]}
)
