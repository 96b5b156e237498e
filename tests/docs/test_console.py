"""Commands in pages are run, in order, and what they print stands below them."""

import pytest


@pytest.fixture
def console(docs_module, tmp_path, monkeypatch):
    docs_module("render_tutorials")
    module = docs_module("console")
    monkeypatch.setattr(module, "CACHE", tmp_path)
    return module


def test_output_stands_below_its_command(console):
    page = '``` csv title="a.csv"\nx,y\n1,2\n```\n\n``` console run\n$ cat a.csv\n$ echo two\n```\nend\n'
    shown = console.with_outputs(page, "page.md", fast=True)
    assert "```console\n$ cat a.csv\nx,y\n1,2\n$ echo two\ntwo\n```\nend" in shown
    assert console.with_outputs(page, "page.md", fast=True) == shown


def test_long_command_is_left_out_of_a_fast_build(console):
    page = "``` console run long\n$ echo trained\n```\n"
    assert console.with_outputs(page, "p.md", fast=True) == "```console\n$ echo trained\n```\n"
    assert "\ntrained\n" in console.with_outputs(page, "p.md", fast=False)


def test_command_that_fails_fails_the_build(console):
    with pytest.raises(RuntimeError, match=r"`false` ended with status 1, not 0"):
        console.with_outputs("``` console run\n$ false\n```\n", "p.md", fast=True)


def test_mistake_must_end_with_status_2(console):
    page = "``` console mistake\n$ kerasdl describe nothing-of-this-name\n```\n"
    assert "error: " in console.with_outputs(page, "p.md", fast=True)
    with pytest.raises(RuntimeError, match="ended with status 0, not 2"):
        console.with_outputs("``` console mistake\n$ true\n```\n", "p.md", fast=True)


def test_page_without_commands_is_left_alone(console):
    page = "```console\n$ make demo\n```\n"
    assert console.with_outputs(page, "p.md", fast=True) == page
