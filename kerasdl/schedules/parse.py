"""Schedules written as text."""

import ast
import re
from collections.abc import Mapping
from typing import Any

from keras.optimizers.schedules import LearningRateSchedule

from kerasdl.errors import UserError, did_you_mean
from kerasdl.schedules.chain import Chain
from kerasdl.schedules.epochs import Epochs
from kerasdl.schedules.scaled import Scaled
from kerasdl.schedules.schedule import Schedule

LONGEST = 2000
"""Characters of an expression; Python's parser itself fails on very deep nesting."""


def parse_schedule(expression: str, known: Mapping[str, type]) -> LearningRateSchedule:
    """The schedule that `expression` writes, such as `0.001 * (warmup(100) >> cosine(900, 0.1))`.

    Allowed are the names in `known` and `epochs`, called with numbers, text, lists of these and
    other schedules, by position or by name; `>>`, and `*` with a number. Nothing is evaluated as
    Python.

    Args:
        expression: The text.
        known: Classes by name; `WarmupStableDecay` and `warmup_stable_decay` are the same name.

    Raises:
        UserError: If it is not of that form, a name is unknown, or an argument is wrong.
    """
    if not isinstance(expression, str) or len(expression) > LONGEST:
        raise UserError(f"a schedule must be a text of at most {LONGEST} characters")
    try:
        tree = ast.parse(expression.strip(), mode="eval")
        value = _Reader(known).read(tree.body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{expression!r} is not a schedule: {_reason(error)}") from None
    if not isinstance(value, LearningRateSchedule):
        raise UserError(f"{expression!r} is not a schedule, but {value!r}")
    return value


class _Reader:
    def __init__(self, known: Mapping[str, type]) -> None:
        self.known = {_plain(name): cls for name, cls in known.items()} | {"epochs": Epochs}
        self.names = [*known, "epochs"]

    def read(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
            return node.value
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -self.number(node.operand)
        if isinstance(node, ast.List | ast.Tuple):
            return [self.read(entry) for entry in node.elts]
        if isinstance(node, ast.BinOp):
            return self.combined(node)
        if isinstance(node, ast.Call):
            return self.called(node)
        raise UserError(f"`{ast.unparse(node)}` has no meaning in a schedule")

    def number(self, node: ast.AST) -> int | float:
        value = self.read(node)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UserError(f"`{ast.unparse(node)}` must be a number")
        return value

    def combined(self, node: ast.BinOp) -> Schedule:
        left, right = self.read(node.left), self.read(node.right)
        are = [isinstance(value, LearningRateSchedule) for value in (left, right)]
        if isinstance(node.op, ast.RShift) and all(are):
            return Chain([left, right])
        if isinstance(node.op, ast.Mult) and any(are) and not all(are):
            schedule, number = (left, right) if are[0] else (right, left)
            return Scaled(schedule, number)
        raise UserError(
            f"`{ast.unparse(node)}` has no meaning in a schedule: allowed are `first >> second` "
            "and `number * schedule`"
        )

    def called(self, node: ast.Call) -> Any:
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        cls = self.known.get(_plain(name))
        if cls is None:
            raise UserError(f"there is no schedule {name!r}.{did_you_mean(name, self.names)}")
        if any(keyword.arg is None for keyword in node.keywords):
            raise UserError(f"`{ast.unparse(node)}` must give each argument by itself")
        try:
            return cls(
                *[self.read(argument) for argument in node.args],
                **{str(keyword.arg): self.read(keyword.value) for keyword in node.keywords},
            )
        except TypeError as error:
            raise UserError(f"`{ast.unparse(node)}`: {error}") from None


def _plain(name: str) -> str:
    return re.sub(r"[_\W]", "", name).lower()


def _reason(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.msg} at character {error.offset}"
    return str(error) or "it is nested too deeply"
