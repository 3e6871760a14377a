"""Writes element_types.safetensors with the `safetensors` library: edge values of F16 and BF16, beside them as F32.

    pip install safetensors==0.8.0 numpy
    python3 make_safetensors.py
"""
from pathlib import Path

import numpy as np
from safetensors import TensorSpec, serialize

halves = np.array([0.0, -0.0, 1.0, -2.5, 65504.0, 6.1e-05, 5.96e-08, -3.3e-06, 0.333, 1024.5], dtype=np.float16)
brains = np.array([0x0000, 0x8000, 0x3F80, 0xC020, 0x7F7F, 0x0080, 0x0001, 0xBEAB], dtype=np.uint16)
tensors = {
    "half": ("float16", halves),
    "half.expected": ("float32", halves.astype(np.float32)),
    "brain": ("bfloat16", brains),
    "brain.expected": ("float32", (brains.astype(np.uint32) << 16).view(np.float32)),
    "single": ("float32", np.array([[1.5, -2.0, 3.25], [4.0, 5.0, -6.125]], dtype=np.float32)),
    "scalar": ("float32", np.array(7.0, dtype=np.float32)),
    "empty": ("float32", np.zeros((0, 4), dtype=np.float32)),
    "count": ("int64", np.array([1, 2, 3], dtype=np.int64)),
}
specs = {
    name: TensorSpec(dtype=kind, shape=list(array.shape), data_ptr=array.ctypes.data, data_len=array.nbytes)
    for name, (kind, array) in tensors.items()
}
(Path(__file__).parent / "element_types.safetensors").write_bytes(serialize(specs, metadata={"format": "pt"}))
