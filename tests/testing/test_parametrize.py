"""One pytest item a check, run by pytest in a folder of its own."""

import pytest

from kerasdl.errors import UserError
from kerasdl.testing import parametrize_architecture_checks

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.once

TEST = """
from kerasdl.testing import parametrize_architecture_checks


@parametrize_architecture_checks(
    "sound-arch", only=["builds", "padding_changes_nothing", "own_names"], EXPECTED
)
def test_sound(check):
    check()
"""


@pytest.fixture
def run(site, pytester, monkeypatch):
    site.sound("sound-arch")
    monkeypatch.setenv("PYTHONPATH", str(site.folder))

    def start(expected="", *options):
        pytester.makepyfile(TEST.replace("EXPECTED", expected))
        return pytester.runpytest_subprocess("-rsx", "-p", "no:cacheprovider", *options)

    return start


def test_each_check_is_an_item(run):
    done = run("", "-v")
    done.assert_outcomes(passed=2, skipped=1)
    done.stdout.fnmatch_lines(["*test_sound?builds?*", "*no input of tokens of any length*"])


@pytest.mark.long
def test_a_known_failure_must_fail(run):
    done = run('expected_failures={"builds": "it builds all the same"}')
    done.assert_outcomes(passed=1, skipped=1, failed=1)
    done.stdout.fnmatch_lines(["*XPASS(strict)*it builds all the same*"])


@pytest.mark.parametrize(
    "expected, message",
    [
        ({"build": "reason"}, "Did you mean 'builds'"),
        ({"builds": ""}, "must give a reason for each"),
    ],
)
def test_an_entry_that_means_nothing_is_an_error(site, expected, message):
    site.sound("sound-arch")
    with pytest.raises(UserError, match=message):
        parametrize_architecture_checks("sound-arch", expected_failures=expected)


@pytest.mark.long
def test_the_backend_is_an_option_and_in_the_header(run):
    done = run("", "--keras-backend", "jax")
    done.stdout.fnmatch_lines(["kerasdl: *, Keras backend jax"])
    wrong = run("", "--keras-backend", "theano")
    assert wrong.ret == 4
