"""The page of the checks lists them as they are."""

import re

from kerasdl.testing.architecture import ARCHITECTURE_CHECKS


def test_every_check_is_listed_with_its_rule(root):
    page = (root / "docs" / "check_a_plugin.md").read_text("utf-8").partition("## The checks")[2]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.M)
    assert rows == [(check.name, check.rule) for check in ARCHITECTURE_CHECKS]
