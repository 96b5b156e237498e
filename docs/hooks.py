"""What the site is given at build time: tutorials, the command-line reference, the changelog, and
the output of commands in pages. With `KERASDL_DOCS_FAST=tutorials` only one tutorial is run, by
`--fast`; with `KERASDL_DOCS_FAST=1` no command trains for long either."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from console import with_outputs
from formulas import with_formulas
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel
from render_tutorials import ROOT, render, show

FAST = os.environ.get("KERASDL_DOCS_FAST", "0")
QUICKEST = "digits"


def on_files(files: Files, config: Any) -> Files:
    """Adds the pages that are made and not written."""
    made = {
        "commands.md": _command_reference(),
        "changelog.md": (ROOT / "CHANGELOG.md").read_text("utf-8"),
    }
    for name, content in made.items():
        files.append(File.generated(config, name, content=content))
    for script, folder in _tutorials():
        page = (folder / "page.md").read_text("utf-8")
        files.append(File.generated(config, f"tutorials/{script.stem}.md", content=page))
        beside = {f"{script.stem}/{path.name}": path for path in folder.glob("*.png")}
        for name, path in {f"{script.stem}.py": script, **beside}.items():
            kept = {"abs_src_path": str(path), "inclusion": InclusionLevel.INCLUDED}
            files.append(File.generated(config, f"tutorials/{name}", **kept))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Runs the commands that a page shows."""
    try:
        return with_outputs(markdown, page.file.src_uri, FAST == "1")
    except RuntimeError as error:
        raise PluginError(f"{page.file.src_uri}: {error}") from error


def on_page_content(content: str, page: Any, **_: Any) -> str:
    """Draws the formulas."""
    try:
        return with_formulas(content)
    except ValueError as error:
        raise PluginError(f"{page.file.src_uri}: {error}") from error


def _tutorials() -> list[tuple[Path, Path]]:
    """Each script and the folder it was rendered into."""
    scripts = sorted((ROOT / "tutorials").glob("*.py"))

    def folder(script: Path) -> Path:
        if FAST != "0" and script.stem != QUICKEST:
            return show(script)
        return render(script, ["--fast"] if FAST != "0" else [])

    with ThreadPoolExecutor(max_workers=2) as pool:
        try:
            folders = list(pool.map(folder, scripts))
        except RuntimeError as error:
            raise PluginError(str(error)) from error
    return list(zip(scripts, folders, strict=True))


def _command_reference() -> str:
    call = [sys.executable, str(ROOT / "docs" / "command_reference.py")]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise PluginError(f"the command-line reference cannot be made:\n{done.stderr}")
    return done.stdout
