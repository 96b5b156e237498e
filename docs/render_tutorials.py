"""Runs a tutorial once and writes it as a page with its outputs and pictures.

A tutorial is a script of cells: `# %% [markdown]` begins text, `# %%` begins code. Every PNG that a
cell writes is shown below it. A rendered page is kept until the script, the library or a version
changes. As a script: `render_tutorials.py SCRIPT FOLDER [ARGUMENT …]`.
"""

import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".make" / "tutorials"
_CELL = re.compile(r"^# %%(?P<text> \[markdown\])?[^\n]*\n", re.MULTILINE)
_BACKENDS = {"jax": "JAX", "tensorflow": "TensorFlow", "torch": "PyTorch"}


@dataclass
class Cell:
    """Text, or code with what came of it."""

    source: str
    is_text: bool
    line: int
    output: str = ""
    pictures: list[str] = field(default_factory=list)


def parse(script: str) -> list[Cell]:
    """The cells of a script; what stands before the first one is left out."""
    marks = list(_CELL.finditer(script))
    ends = [mark.start() for mark in marks[1:]] + [len(script)]
    cells = []
    for mark, end in zip(marks, ends, strict=True):
        source, is_text = script[mark.end() : end], mark["text"] is not None
        if is_text:
            source = re.sub(r"^# ?", "", source.strip(), flags=re.MULTILINE)
        cells.append(Cell(source, is_text, script.count("\n", 0, mark.end())))
    return cells


def run(script: Path, folder: Path, arguments: list[str]) -> list[Cell]:
    """Runs the code cells in one namespace, with `folder` as the working directory."""
    cells = parse(script.read_text("utf-8"))
    names = {"__name__": "__main__", "__file__": str(script)}
    sys.argv = [str(script), *arguments]
    os.chdir(folder)
    seen: dict[Path, int] = {}
    for cell in cells:
        if cell.is_text:
            continue
        # Empty lines before the code make a traceback name the script's own lines.
        code = compile("\n" * cell.line + cell.source, str(script), "exec")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, names)
        cell.output = printed.getvalue().rstrip()
        cell.pictures = _new_pictures(folder, seen)
    return cells


def page(cells: list[Cell], stem: str, remark: str) -> str:
    """The cells as Markdown; pictures lie in a folder beside the page."""
    parts = []
    for cell in cells:
        if cell.is_text:
            parts.append(cell.source)
            continue
        parts.append(f"```python\n{cell.source.strip()}\n```")
        if cell.output:
            parts.append(f"``` {{ .text .output }}\n{cell.output}\n```")
        for picture in cell.pictures:
            parts.append(f"![{Path(picture).stem.replace('_', ' ')}]({stem}/{picture})")
    parts.append(f"---\n\n*{remark} [Download the script]({stem}.py).*")
    return "\n\n".join(parts) + "\n"


def render(script: Path, arguments: list[str]) -> Path:
    """A folder with `page.md` and the pictures; runs the script unless nothing changed since.

    Raises:
        RuntimeError: If a cell raises.
    """
    kind = "-".join([script.stem, *(argument.strip("-") for argument in arguments)])
    folder = CACHE / f"{kind}.{fingerprint([Path(__file__), script])}"
    if (folder / "page.md").is_file():
        return folder
    for old in CACHE.glob(f"{kind}.*"):
        shutil.rmtree(old, ignore_errors=True)
    part = folder.with_name(f"{folder.name}.part{os.getpid()}")
    (part / "work").mkdir(parents=True)
    call = [sys.executable, __file__, str(script), str(part), *arguments]
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "MPLBACKEND": "agg"}
    done = subprocess.run(call, env={**os.environ, **quiet}, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        shutil.rmtree(part)
        raise RuntimeError(f"{script.name} failed:\n{done.stderr}")
    shutil.rmtree(part / "work")
    try:
        part.rename(folder)
    except OSError:  # another build was quicker
        shutil.rmtree(part)
    return folder


def show(script: Path) -> Path:
    """A folder with `page.md`, the script's text and code without outputs."""
    folder = CACHE / f"{script.stem}-unrun"
    folder.mkdir(parents=True, exist_ok=True)
    cells = parse(script.read_text("utf-8"))
    remark = "This build of the site left the outputs out."
    (folder / "page.md").write_text(page(cells, script.stem, remark), "utf-8")
    return folder


def fingerprint(files: list[Path]) -> str:
    """Of all that decides what a page shows: `files`, the library, its plugins, and versions."""
    library = [*ROOT.glob("kerasdl/**/*.py"), *ROOT.glob("plugins/*/src/**/*.py")]
    digest = hashlib.sha256()
    for path in sorted({*files, *library}):
        digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    digest.update(f"{sys.version_info[:2]} {os.environ.get('KERAS_BACKEND')}".encode())
    for name in ("keras", "numpy", "matplotlib", "scikit-learn"):
        digest.update(version(name).encode())
    return digest.hexdigest()[:16]


def _new_pictures(folder: Path, seen: dict[Path, int]) -> list[str]:
    """Names of the PNGs written since the last call, in the order of their writing."""
    found = {path: path.stat().st_mtime_ns for path in folder.rglob("*.png")}
    new = sorted((p for p in found if seen.get(p) != found[p]), key=lambda p: (found[p], p))
    seen.update(found)
    for path in new:
        shutil.copyfile(path, folder.parent / path.name)
    return [path.name for path in new]


def _remark(arguments: list[str], seconds: float) -> str:
    import keras

    name = keras.backend.backend()
    with_arguments = f" with {' '.join(arguments)}" if arguments else ""
    return (
        f"Every output on this page was printed by the script{with_arguments}, which took "
        f"{seconds:.0f} s with Keras {keras.__version__} on {_BACKENDS[name]} "
        f"({', '.join(keras.distribution.list_devices())}; {os.cpu_count()} processors)."
    )


def main() -> None:
    """Runs one tutorial into a folder."""
    script, folder, arguments = Path(sys.argv[1]).resolve(), Path(sys.argv[2]), sys.argv[3:]
    folder = folder.resolve()
    started = time.perf_counter()
    cells = run(script, folder / "work", arguments)
    remark = _remark(arguments, time.perf_counter() - started)
    about = {"outputs": "\n".join(cell.output for cell in cells), "remark": remark}
    (folder / "about.json").write_text(json.dumps(about, indent=1), "utf-8")
    (folder / "page.md").write_text(page(cells, script.stem, remark), "utf-8")


if __name__ == "__main__":
    main()
