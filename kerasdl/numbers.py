"""Numbers as people read them."""

import math


def short(value: float) -> str:
    """Four digits that say something: `0.0312`, `12.35`, `123.4`, `46,012`, `3.10e-05`."""
    if not math.isfinite(value):
        return str(value)
    size = abs(value)
    if size >= 1e7:
        return f"{value:.3g}"
    if size >= 1000:
        return f"{value:,.0f}"
    if size >= 100:
        return f"{value:.1f}"
    if size >= 0.001 or not size:
        return f"{value:.4f}" if size < 10 else f"{value:.2f}"
    return f"{value:.2e}"
