"""Reading `name(argument=value, ...)` as users write it; nothing is evaluated."""

import ast
from typing import Any

from kerasdl.errors import UserError


def read_call(kind: str, text: str) -> tuple[str, dict[str, Any]]:
    """`adam(beta_1=0.8)` as name and arguments; a bare name has none.

    Values are numbers, text, `True`, `False`, `None` and lists of these.

    Raises:
        UserError: If it is not of that form; `kind` names it in the message.
    """
    name, bracket, rest = text.strip().partition("(")
    if not bracket:
        return name, {}
    wrong = UserError(
        f"`{kind}` must be NAME or NAME(ARGUMENT=VALUE, ...). Received: {kind}={text!r}"
    )
    try:
        call = ast.parse(f"f({rest}", mode="eval").body
        if not isinstance(call, ast.Call) or call.args or ast.unparse(call.func) != "f":
            raise wrong
        pairs = {str(entry.arg): ast.literal_eval(entry.value) for entry in call.keywords}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise wrong from None
    if "None" in pairs:  # `**mapping`
        raise wrong
    return name.strip(), pairs
