"""The most that a device can compute, by its maker's data sheet."""

import re
from typing import NamedTuple

import keras

from kerasdl.backend.report import nvidia_gpu

TERA = 1e12


class Peak(NamedTuple):
    """Floating-point operations in a second, in products of dense matrices.

    Args:
        half: In float16 or bfloat16, summed in float32.
        single: In float32, by TensorFloat-32 where the device has it.
        source: Where the figures stand.
    """

    half: float
    single: float
    source: str


_SITE = "https://www.nvidia.com/en-us/"
_GEFORCE = "https://images.nvidia.com/aem-dam/Solutions/geforce/"
PEAKS: dict[str, Peak] = {
    r"\bB200\b": Peak(2250 * TERA, 1100 * TERA, _SITE + "data-center/dgx-b200"),
    r"\bH200 NVL\b": Peak(835.5 * TERA, 417.5 * TERA, _SITE + "data-center/h200"),
    r"\bH200\b": Peak(989.5 * TERA, 494.5 * TERA, _SITE + "data-center/h200"),
    r"\bH100 NVL\b": Peak(835.5 * TERA, 417.5 * TERA, _SITE + "data-center/h100"),
    r"\bH100 PCIe\b": Peak(756 * TERA, 378 * TERA, _SITE + "data-center/h100"),
    r"\bH100\b": Peak(989.5 * TERA, 494.5 * TERA, _SITE + "data-center/h100"),
    r"\bA100\b": Peak(312 * TERA, 156 * TERA, _SITE + "data-center/a100"),
    r"\bA10\b": Peak(125 * TERA, 62.5 * TERA, _SITE + "data-center/products/a10-gpu"),
    r"\bL40S\b": Peak(362 * TERA, 183 * TERA, _SITE + "data-center/l40s"),
    r"\bL4\b": Peak(121 * TERA, 60 * TERA, _SITE + "data-center/l4"),
    r"\bV100-SXM": Peak(125 * TERA, 15.7 * TERA, _SITE + "data-center/v100"),
    r"\bV100-PCIE": Peak(112 * TERA, 14 * TERA, _SITE + "data-center/v100"),
    r"\bT4\b": Peak(65 * TERA, 8.1 * TERA, _SITE + "data-center/tesla-t4"),
    r"\bRTX 4090\b": Peak(
        165.2 * TERA, 82.6 * TERA, _GEFORCE + "ada/nvidia-ada-gpu-architecture.pdf"
    ),
}
"""By what the device's name contains; the first that fits. Without sparsity."""


def find_peak(device: str, dtype: str) -> float | None:
    """The peak of a device, by its name, in a compute dtype; `None` where it is not known."""
    for pattern, peak in PEAKS.items():
        if re.search(pattern, device):
            return peak.half if dtype in ("float16", "bfloat16") else peak.single
    return None


def device_of(variable: keras.Variable) -> str:
    """The name of the accelerator that a variable lies on; nothing for a CPU."""
    place = getattr(variable.value, "device", "")
    if not any(word in str(place).lower() for word in ("cuda", "gpu", "tpu")):
        return ""
    return getattr(place, "device_kind", "") or nvidia_gpu().partition(",")[0]
