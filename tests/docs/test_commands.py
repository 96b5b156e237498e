"""Commands and links in the README and the pages are real."""

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from kerasdl.cli.app import app

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/README.md")]
    + [*ROOT.glob("tutorials/*.py")]
)
TEXTS = {str(page.relative_to(ROOT)): page.read_text("utf-8") for page in PAGES}
_IN_FENCE = re.compile(r"^\s*(?:\$ )?(kerasdl [^\n]+)$", re.MULTILINE)
_IN_LINE = re.compile(r"`(kerasdl [^`\n]+)`")
_FENCES = re.compile(
    r"^ *```(?: ?(?:\{ \.)?console[^\n]*)?\n(.*?)^ *```$", re.MULTILINE | re.DOTALL
)


def commands(text):
    fenced = "\n".join(_FENCES.findall(text))
    return [*_IN_FENCE.findall(fenced), *_IN_LINE.findall(text)]


ALL = sorted({(name, command) for name, text in TEXTS.items() for command in commands(text)})


def resolve(words):
    """The innermost command that `words` name, and the words left."""
    command = get_command(app)
    while words and hasattr(command, "commands"):
        assert words[0] in command.commands, f"no command {words[0]!r}"
        command, words = command.commands[words[0]], words[1:]
    return command, words


def test_there_are_commands_to_check():
    assert {name for name, _ in ALL} >= {"README.md", "docs/first_run.md", "docs/your_data.md"}


@pytest.mark.parametrize(("page", "line"), ALL, ids=lambda value: value.replace(" ", "_"))
def test_command_and_its_options_exist(page, line):
    words = shlex.split(line.replace("…", ""))[1:]
    if words and words[0].startswith("-"):
        return
    command, words = resolve(words)
    known = {option for parameter in command.params for option in parameter.opts}
    known |= {"--help", "-h", "--no-plugin"}
    used = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert used <= known, f"{sorted(used - known)} of `{line}` in {page}"


@pytest.mark.parametrize("command", sorted({line.split()[1] for _, line in ALL}))
def test_help_of_a_command_exits_well(command, capsys):
    from kerasdl.cli import main

    with pytest.raises(SystemExit) as ended:
        main(["--help"] if command.startswith("-") else [command, "--help"])
    assert ended.value.code == 0
    assert "Usage: kerasdl" in capsys.readouterr().out


def test_make_targets_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    used = set(re.findall(r"(?:`|\$ )make ([a-z-]+)", "".join(TEXTS.values())))
    assert used >= {"demo", "test"} and used <= targets


@pytest.mark.parametrize("page", [n for n in TEXTS if "/" not in n or n.startswith("plugins")])
def test_links_of_a_page_outside_the_site_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", TEXTS[page]):
        if not target.startswith(("http://", "https://")):
            assert (ROOT / page).parent.joinpath(target).exists(), target


def test_every_page_is_in_the_navigation():
    listed = set(re.findall(r": ([\w/]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.M))
    written = {str(p.relative_to(ROOT / "docs")) for p in ROOT.glob("docs/**/*.md")}
    made = {"commands.md", "changelog.md"}
    made |= {f"tutorials/{script.stem}.md" for script in ROOT.glob("tutorials/*.py")}
    assert listed == written | made
