"""The site: built strictly, whole, and true to what its text claims.

All tests that need the built site stand here, so that one process builds it once.
"""

import html
import inspect
import re
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

from kerasdl.plugin import hookspecs

pytestmark = pytest.mark.long
FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}
LINK_KINDS_FETCHED = {"stylesheet", "icon", "preconnect", "preload", "modulepreload", "manifest"}


class Page(HTMLParser):
    """Ids, links, and what the browser fetches by itself."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.fetched = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        self.ids.update(given[name] for name in ("id", "name") if given.get(name))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in FETCHED and given.get(FETCHED[tag]):
            self.fetched.append(given[FETCHED[tag]])
        if tag == "link" and set(given.get("rel", "").split()) & LINK_KINDS_FETCHED:
            self.fetched.append(given["href"])


@pytest.fixture(scope="module")
def pages(built):
    return {path: Page(path.read_text("utf-8")) for path in built.rglob("*.html")}


def is_local(address):
    return not urlsplit(address).scheme and not address.startswith("//")


def test_every_link_and_picture_leads_somewhere(pages):
    broken = []
    for path, page in pages.items():
        if path.name == "404.html":
            continue
        for address in filter(is_local, [*page.links, *page.fetched]):
            parts = urlsplit(address)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file():
                broken.append(f"{path.name}: {address}")
            elif parts.fragment and target in pages:
                anchors = pages[target].ids | {"__skip", ""}
                if unquote(parts.fragment) not in anchors:
                    broken.append(f"{path.name}: {address} (no such place)")
    assert not broken


def test_nothing_is_fetched_from_outside(pages, built):
    outside = [(path.name, a) for path, page in pages.items() for a in page.fetched]
    assert not [entry for entry in outside if not is_local(entry[1])]
    for sheet in built.rglob("*.css"):
        text = sheet.read_text("utf-8")
        assert not re.findall(r"(?:@import|url\()\s*['\"]?https?:[^)]*", text), sheet


def test_no_page_shows_markdown_that_was_not_understood(built):
    for path in built.rglob("*.html"):
        text = re.sub(r"<(pre|code)\b.*?</\1>", "", path.read_text("utf-8"), flags=re.DOTALL)
        text = re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.DOTALL)
        for sign in ("--8&lt;--", "--8<--", ":::", "```", "console run", r"\(", "$$"):
            assert sign not in text, (path, sign)


def test_api_pages_show_no_module_in_place_of_a_function(built):
    for path in (built / "api").glob("*.html"):
        assert "doc-symbol-module" not in path.read_text("utf-8"), path


def test_home_says_the_two_commands_and_shows_a_picture(built):
    home = (built / "index.html").read_text("utf-8")
    assert "make demo" in home and "make test" in home
    assert ".png" in home


def test_plugin_page_quotes_the_example_as_it_is(built, root):
    page = (built / "plugin_in_ten_lines.html").read_text("utf-8")
    shown = re.sub(r"<[^>]+>", "", page).replace("&quot;", '"').replace("&#39;", "'")
    source = root / "plugins" / "kerasdl-example" / "src" / "kerasdl_example"
    for name in ("model.py", "plugin.py"):
        for line in (source / name).read_text("utf-8").splitlines():
            assert line.strip() in shown


def test_commands_ran_in_pages(built):
    page = re.sub(r"<[^>]+>", "", (built / "first_run.html").read_text("utf-8"))
    assert re.search(r"\$ kerasdl describe mlp\s+architecture +mlp", page)
    assert re.search(r"\$ kerasdl train cnnn --data digits\s+error: .*cnnn", page)


def test_every_command_is_in_the_reference(built):
    from typer.main import get_command

    from kerasdl.cli.app import app

    page = re.sub(r"<[^>]+>", "", (built / "commands.html").read_text("utf-8"))
    names = []
    for name, command in get_command(app).commands.items():
        names.append(name)
        names += [f"{name} {inner}" for inner in getattr(command, "commands", {})]
    assert len(names) > 8
    for name in names:
        assert f"Usage: kerasdl {name}" in page


def test_every_hook_has_its_heading_in_the_built_page(built):
    for name, spec in vars(hookspecs).items():
        if name.startswith("kerasdl_"):
            page = (built / "hooks" / f"{name}.html").read_text("utf-8")
            heading = re.search(rf'<h2 id="kerasdl.plugin.hookspecs.{name}".*?</h2>', page, re.S)
            arguments = ", ".join(inspect.signature(spec).parameters)
            assert f"{name}({arguments})" in re.sub(r"<[^>]+>", "", heading[0])


def printed(built, name):
    """What a tutorial printed."""
    page = (built / "tutorials" / f"{name}.html").read_text("utf-8")
    outputs = re.findall(r'<div class="[^"]*\boutput\b[^"]*">.*?</div>', page, re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", "\n".join(outputs)))


def number(pattern, text):
    return float(re.search(pattern, text)[1])


def test_every_script_is_a_page_and_a_download(built, root):
    scripts = sorted((root / "tutorials").glob("*.py"))
    assert len(scripts) >= 2
    for script in scripts:
        page = (built / "tutorials" / f"{script.stem}.html").read_text("utf-8")
        run = script.stem == "digits"  # the one that a quick build runs
        assert ("Every output on this page was printed by the script" in page) == run
        assert ("left the outputs out" in page) != run
        assert (built / "tutorials" / script.name).read_bytes() == script.read_bytes()
        assert any((built / "tutorials").glob(f"{script.stem}/*.png")) == run


def test_digits_claims(built):
    page = printed(built, "digits")
    assert number(r"test accuracy +(0\.\d+)", page) >= 0.98
    assert number(r"largest difference (\S+)", page) <= 1e-5
    assert re.search(r"test +359 samples", page)


def test_every_command_runs(tmp_path, build_into):
    """And trains in full; tutorials have tests of their own, and `make docs` runs them whole."""
    done = build_into(tmp_path, KERASDL_DOCS_FAST="tutorials")
    assert done.returncode == 0, done.stdout + done.stderr
    page = re.sub(r"<[^>]+>", "", (tmp_path / "first_run.html").read_text("utf-8"))
    accuracy = float(re.search(r"test accuracy +(0\.\d+)", page)[1])
    assert accuracy >= 0.98
