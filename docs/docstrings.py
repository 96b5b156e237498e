"""Makes the project's docstrings and packages readable to mkdocstrings."""

import re
from collections.abc import Iterator
from typing import Any

import griffe

_LABELS = re.compile(
    r"^(Shapes|Masking|Mixed precision|Cost|Memory|Layout|Order of the outputs|Epochs|In the middle"
    r"|Differs from|Reference): ",
    re.MULTILINE,
)
_SECTIONS = {
    re.compile(r"^Example:$", re.MULTILINE): "Examples:",
    re.compile(r"^Call arguments:$", re.MULTILINE): "Other args: Call arguments",
}


class Readable(griffe.Extension):
    """Labels become paragraphs in bold; functions are found behind modules of the same name."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Edits one docstring."""
        _edit(obj)

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Lets `package.name` mean the function that the package imports from `package/name.py`."""
        packages = [module for module in _modules(pkg) if module.is_init_module]
        for package in packages:
            for member in list(package.members.values()):
                if member.is_alias and member.target_path.startswith(f"{pkg.name}."):
                    member.resolve_target()  # while the modules are still where it looks for them
        for package in packages:
            for name, path in package.imports.items():
                if path == f"{package.path}.{name}.{name}":
                    target = package.members[name].members[name]
                    _edit(target)  # it is visited no more once its module is hidden
                    package.members[name] = griffe.Alias(name, target, parent=package)


def _edit(obj: griffe.Object) -> None:
    if obj.docstring is not None:
        text = obj.docstring.value
        for section, known in _SECTIONS.items():
            text = section.sub(known, text)
        obj.docstring.value = _LABELS.sub(r"\n**\1:** ", text)


def _modules(module: griffe.Module) -> Iterator[griffe.Module]:
    yield module
    for member in module.members.values():
        if not member.is_alias and member.is_module:
            yield from _modules(member)
