"""What a run says about its data before the first step."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kerasdl.data import Finding
    from kerasdl.training.config import RunConfig

_SHOWN = 3


def tell(findings: Sequence["Finding"], config: "RunConfig") -> None:
    """A line on standard error for each warning, and where there is more."""
    warnings = [finding for finding in findings if finding.level == "warning"]
    for finding in warnings[:_SHOWN]:
        print(f"data: {finding}", file=sys.stderr)
    if len(warnings) > _SHOWN:
        more = len(warnings) - _SHOWN
        print(f"data: {more} more; see `kerasdl data check {config.data}`", file=sys.stderr)
