"""What each backend sees of this machine, asked in a process of its own."""

import json
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from kerasdl.backend.choice import BACKENDS, is_installed

_ASK = {
    "jax": "import jax; v = jax.__version__; d = [str(x) for x in jax.devices()]",
    "tensorflow": (
        "import tensorflow as tf; v = tf.__version__; "
        "d = [x.name.replace('/physical_device:', '') for x in tf.config.list_physical_devices()]"
    ),
    "torch": (
        "import torch; v = torch.__version__; "
        "c = torch.cuda; d = [f'cuda:{i} {c.get_device_name(i)}' for i in range(c.device_count())]"
        " + (['mps'] if torch.backends.mps.is_available() else []) + ['cpu']"
    ),
}
_DISTRIBUTIONS = {
    "jax": ("jax",),
    "tensorflow": ("tensorflow", "tensorflow-cpu", "tf-nightly"),
    "torch": ("torch",),
}


def report(timeout: float = 120.0) -> list[dict[str, Any]]:
    """One row a backend: installed, version, devices, and a remark on an unused GPU."""
    gpu = nvidia_gpu()
    return [_row(name, gpu, timeout) for name in BACKENDS]


def nvidia_gpu() -> str:
    """Names of the NVIDIA GPUs that the system sees, whatever a backend makes of them."""
    tool = shutil.which("nvidia-smi")
    if tool is not None:
        call = [tool, "--query-gpu=name", "--format=csv,noheader"]
        done = subprocess.run(call, capture_output=True, text=True, timeout=20, check=False)
        if done.returncode == 0 and done.stdout.strip():
            return ", ".join(done.stdout.strip().splitlines())
    return "NVIDIA GPU" if Path("/dev/nvidia0").exists() else ""


def _row(name: str, gpu: str, timeout: float) -> dict[str, Any]:
    if not is_installed(name):
        remark = f'pip install "kerasdl[{name}]"'
        return {"backend": name, "installed": False, "version": "", "devices": "", "remark": remark}
    seen = _ask(name, timeout)
    remark = seen.get("problem", "")
    if gpu and not remark and not _sees_gpu(seen["devices"]):
        remark = f"{gpu} is present but unused: {missing_gpu_library(name)}"
    return {
        "backend": name,
        "installed": True,
        "version": seen.get("version") or _installed_version(name),
        "devices": ", ".join(seen.get("devices", [])),
        "remark": remark,
    }


def _ask(name: str, timeout: float) -> dict[str, Any]:
    code = (
        f"import json; {_ASK[name]}; print('KERASDL' + json.dumps({{'version': v, 'devices': d}}))"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"devices": [], "problem": f"did not answer within {timeout:.0f} s"}
    for line in done.stdout.splitlines():
        if line.startswith("KERASDL"):
            return json.loads(line.removeprefix("KERASDL"))
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    return {"devices": [], "problem": f"cannot be imported: {last}"}


def _sees_gpu(devices: list[str]) -> bool:
    return any(word in device.lower() for device in devices for word in ("cuda", "gpu", "rocm"))


def missing_gpu_library(name: str) -> str:
    """Which library a backend lacks to use an NVIDIA GPU, and what to install."""
    if name == "jax":
        plugins = [p for p in ("jax-cuda13-plugin", "jax-cuda12-plugin") if _version(p)]
        if not plugins:
            return 'the CUDA plugin of JAX is missing: pip install "jax[cuda13]" (or "jax[cuda12]")'
        return f"{plugins[0]} is installed, but the driver does not serve it: see `nvidia-smi`"
    if name == "tensorflow":
        if _version("tensorflow-cpu"):
            return 'tensorflow-cpu has no GPU code: pip install "tensorflow[and-cuda]" in its place'
        if not _version("nvidia-cudnn-cu12"):
            return 'cuDNN and the CUDA libraries are missing: pip install "tensorflow[and-cuda]"'
        return (
            "the CUDA libraries are installed, but not found: see LD_LIBRARY_PATH and `nvidia-smi`"
        )
    if "+cpu" in _installed_version(name):
        return "this torch is the build without CUDA: install the CUDA build, see pytorch.org"
    return "torch was built with CUDA, but the driver does not serve it: see `nvidia-smi`"


def _installed_version(name: str) -> str:
    return next((found for dist in _DISTRIBUTIONS[name] if (found := _version(dist))), "")


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""
