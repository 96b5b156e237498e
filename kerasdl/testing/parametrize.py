"""One pytest item a check."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import pytest

from kerasdl.errors import UserError
from kerasdl.testing import checks
from kerasdl.testing.architecture import ARCHITECTURE_CHECKS, ArchitectureCase


def parametrize_architecture_checks(
    name: str,
    *,
    expected_failures: Mapping[str, str] | None = None,
    skip: Collection[str] = (),
    only: Collection[str] | None = None,
    **case: Any,
) -> pytest.MarkDecorator:
    """Makes a test function one item for each rule of `check_architecture`.

    The items share one model. A check that has nothing to look at is skipped, with the reason.

    Args:
        name: What `kerasdl.create_model` takes.
        expected_failures: Checks that are known to fail, each with the reason, beside those that
            the record names. An item that passes all the same fails: the entry is to go.
        skip: Names of checks left out.
        only: Names of the only checks.
        **case: `spec`, `config`, `inputs`, `no_gradient`, `unused` and `learning_rate`, as in
            `check_architecture`.

    Raises:
        UserError: If a name is unknown, or a reason empty.

    Example:
        ```python
        from kerasdl.testing import parametrize_architecture_checks


        @parametrize_architecture_checks(
            "linear-regression",
            expected_failures={"over_fits_ten_samples": "a line cannot pass through ten points"},
        )
        def test_linear_regression(check):
            check()
        ```
    """
    shared = ArchitectureCase(name, **case)
    known = {**shared.provider.record.known_failures, **(expected_failures or {})}
    for check, reason in known.items():
        if not isinstance(reason, str) or not reason.strip():
            raise UserError(
                f"`expected_failures` must give a reason for each. Received: {check}={reason!r}"
            )
    checks.selected(ARCHITECTURE_CHECKS, known)  # an unknown name is an error
    return pytest.mark.parametrize(
        "check",
        [
            pytest.param(_item(check, shared), id=check.name, marks=_marks(known.get(check.name)))
            for check in checks.selected(ARCHITECTURE_CHECKS, skip, only)
        ],
    )


def _marks(reason: str | None) -> list[pytest.MarkDecorator]:
    if reason is None:
        return []
    return [pytest.mark.xfail(reason=reason, strict=True, raises=AssertionError)]


def _item(check: checks.Check, case: ArchitectureCase) -> Callable[[], None]:
    def run() -> None:
        __tracebackhide__ = True  # pytest shows the caller, and the failure below it
        try:
            check("check_architecture", case)
        except checks.DoesNotApply as reason:
            pytest.skip(str(reason))

    return run
