"""The files a plugin runs from, found without importing it, and their hash."""

import importlib.util
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, NamespaceLoader
from importlib.metadata import Distribution
from pathlib import Path

_CACHES = "__pycache__"  # Python's, and Numba's
_INSTALLER = (".dist-info", ".egg-info", ".pth")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the code of an entry point's module lies.

    Args:
        package: Name of the package, empty for a module that is in none.
        roots: Its folders, one as a rule, or the module's file; empty if nothing was found.
    """

    package: str = ""
    roots: tuple[Path, ...] = ()


def find_place(module: str) -> Place:
    """Finds a module's code, without importing any of it.

    The outermost package with an `__init__` is meant, so that all its modules count; for a module
    in no package, its file; for one directly in a namespace package, all folders of the namespace.
    Namespace packages above a package are passed through: they hold no code that would run.

    Returns:
        A place without roots where the files cannot be told, as in a zip archive, or for a package
        whose `__path__` would send the import elsewhere.
    """
    parts = module.split(".")
    place = Place()
    for depth in range(1, len(parts) + 1):
        name = ".".join(parts[:depth])
        spec = _find(name)
        if spec is None:
            return Place()
        if spec.submodule_search_locations is None:
            alone = (Path(spec.origin or ""),) if spec.has_location else ()
            return place if place.package else Place("", _existing(alone))
        place = Place(name, _existing(map(Path, spec.submodule_search_locations)))
        if not _is_namespace(spec):
            return place if spec.has_location and _holds(place, parts[depth:]) else Place()
    return place


def plugin_files(module: str, distribution: Distribution | None = None) -> dict[str, Path]:
    """Every file that counts as a plugin's, by its name relative to the import path.

    Those of its place, whatever their kind, without caches; and what else the installer recorded
    for the distribution: further packages, extension modules beside the package. An editable
    install records none.

    Raises:
        OSError: If a folder cannot be read, or contains itself by a link.
    """
    place = find_place(module)
    files: dict[str, Path] = {}
    for root in place.roots:
        if root.is_file():
            files[root.name] = root
            continue
        for file in _walk(root):
            name = f"{place.package.replace('.', '/')}/{file.relative_to(root).as_posix()}"
            files.setdefault(name, file)  # an import takes the first, too
    recorded = _recorded(distribution) if files and distribution is not None else {}
    return recorded | files


def files_hash(files: dict[str, Path]) -> str:
    """SHA-256 over names and contents, sorted by name; empty if there are no files.

    Each content enters as its own hash, so that no two sets of files give the same text.

    Raises:
        OSError: If a file cannot be read.
    """
    import hashlib

    if not files:
        return ""
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{name}\0{content}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _find(name: str) -> ModuleSpec | None:
    """The spec of a module whose parents, if any, are namespace packages."""
    try:
        return importlib.util.find_spec(name)
    except Exception:  # finders of editable installs may raise anything
        return None


def _is_namespace(spec: ModuleSpec) -> bool:
    return spec.origin is None and (spec.loader is None or isinstance(spec.loader, NamespaceLoader))


def _existing(paths: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(path.absolute() for path in paths if path.exists())


def _holds(place: Place, rest: list[str]) -> bool:
    """Whether the module below the package is in the package's own folders."""
    if not rest:
        return bool(place.roots)
    return any(
        (folder / rest[-1]).is_dir() or any(folder.glob(f"{rest[-1]}.*"))
        for folder in (root.joinpath(*rest[:-1]) for root in place.roots)
    )


def _walk(folder: Path, above: frozenset[str] = frozenset()) -> Iterator[Path]:
    """Files below a folder, through links too, as an import would go."""
    real = os.path.realpath(folder)
    if real in above:
        raise OSError(f"{folder} contains itself")
    for path in sorted(folder.iterdir()):
        if path.is_file():
            yield path
        elif path.is_dir() and path.name != _CACHES:
            yield from _walk(path, above | {real})


def _recorded(distribution: Distribution) -> dict[str, Path]:
    if not distribution.read_text("RECORD"):
        return {}
    files = {}
    for file in distribution.files or ():
        own = file.parts[0].endswith(_INSTALLER) or file.parts[0].startswith("__editable__")
        if not own and ".." not in file.parts and _CACHES not in file.parts:
            path = Path(str(distribution.locate_file(file)))
            if path.is_file():
                files[file.as_posix()] = path
    return files
