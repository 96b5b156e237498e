"""Reading option values that are more than one word or number."""

from kerasdl.errors import UserError


def columns(text: str) -> tuple[str, ...] | None:
    """`price,rooms` as names."""
    return tuple(part.strip() for part in text.split(",") if part.strip()) or None


def size(text: str) -> tuple[int, int] | None:
    """`32` or `32,48` as height and width.

    Raises:
        UserError: If it is no size.
    """
    if not text:
        return None
    try:
        values = [int(part) for part in text.replace("x", ",").split(",")]
    except ValueError:
        values = []
    if len(values) not in (1, 2) or min(values, default=0) < 1:
        raise UserError(f"`--image-size` must be SIZE or HEIGHT,WIDTH. Received: {text!r}")
    return values[0], values[-1]


def shape(option: str, text: str) -> tuple[int, ...] | None:
    """`28,28,1` as sizes.

    Raises:
        UserError: If it is no shape.
    """
    if not text:
        return None
    try:
        values = tuple(int(part) for part in text.split(","))
    except ValueError:
        values = (0,)
    if min(values) < 1:
        raise UserError(
            f"`{option}` must be positive whole numbers with commas. Received: {text!r}"
        )
    return values


def settings(entries: list[str] | None) -> dict[str, str]:
    """`--set widths=64,32` as a mapping.

    Raises:
        UserError: If an entry has no `=`.
    """
    pairs = {}
    for entry in entries or ():
        name, sign, value = entry.partition("=")
        if not sign or not name.strip():
            raise UserError(f"`--set` must be FIELD=VALUE. Received: {entry!r}")
        pairs[name.strip()] = value
    return pairs
