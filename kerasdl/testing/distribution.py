"""A distribution on disk, as an installer would leave it, for tests of discovery."""

from collections.abc import Mapping, Sequence
from pathlib import Path


def write_distribution(
    site: str | Path,
    name: str,
    files: Mapping[str, str],
    entry_points: Mapping[str, str],
    version: str = "1.0",
    requires: Sequence[str] = (),
) -> Path:
    """Writes modules and the metadata that makes `importlib.metadata` find them.

    Args:
        site: Folder that is, or will be, on `sys.path`.
        name: Name of the distribution.
        files: Source by path relative to `site`.
        entry_points: `{"resnet": "kerasdl_resnet.plugin"}`, in the group `kerasdl`.
        version: Version of the distribution.
        requires: Distributions it depends on: `("kerasdl-cnn>=0.1",)`.

    Returns:
        The metadata folder.
    """
    site = Path(site)
    for path, text in files.items():
        file = site / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    about = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {r}" for r in requires)]
    (info / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", *about, ""]))
    lines = [f"{key} = {value}" for key, value in entry_points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[kerasdl]", *lines, ""]))
    return info
