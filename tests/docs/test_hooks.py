"""Every hook stands in the documentation, with its exact arguments and an example that works."""

import inspect
import re
import textwrap
import types

import pluggy
import pytest

from kerasdl.plugin import Architecture, Card, Command, Component, Dataset, hookspecs

HOOKS = {name: spec for name, spec in vars(hookspecs).items() if name.startswith("kerasdl_")}
YIELDS = {
    "kerasdl_architectures": Architecture,
    "kerasdl_datasets": Dataset,
    "kerasdl_components": Component,
    "kerasdl_commands": Command,
    "kerasdl_cards": Card,
}


def test_there_are_hooks():
    assert set(YIELDS) < set(HOOKS) and len(HOOKS) >= 7


@pytest.mark.parametrize("name", HOOKS)
def test_hook_has_a_page_with_its_exact_arguments(name, root):
    page = (root / "docs" / "hooks" / f"{name}.md").read_text("utf-8")
    arguments = ", ".join(inspect.signature(HOOKS[name]).parameters)
    head = f"{name}({arguments})"
    entry = f'::: kerasdl.plugin.hookspecs.{name}\n    options:\n      heading: "{head}"'
    assert entry in page
    assert f"[`{head}`]({name}.md)" in (root / "docs" / "hooks" / "index.md").read_text("utf-8")


def test_no_page_is_of_a_hook_that_is_gone(root):
    pages = {page.stem for page in (root / "docs" / "hooks").glob("kerasdl_*.md")}
    assert pages == set(HOOKS)


@pytest.mark.parametrize("name", HOOKS)
def test_example_is_a_plugin_that_the_host_would_take(name):
    (source, *_) = re.findall(r"```python\n(.*?)```", inspect.getdoc(HOOKS[name]), re.DOTALL)
    plugin = types.ModuleType("example")
    exec(textwrap.dedent(source), vars(plugin))
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    assert [caller.name for caller in manager.get_hookcallers(plugin)] == [name]
    if name in YIELDS:
        records = list(vars(plugin)[name]())
        assert records and all(isinstance(record, YIELDS[name]) for record in records)
