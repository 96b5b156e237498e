"""Numbers as people read them."""

import math


def short(value: float) -> str:
    """Digits that say something: `0.0312`, `12.35`, `123.4`, `46,012`, `3.1e-05`."""
    size = abs(value)
    if not math.isfinite(value) or size >= 1e7 or 0 < size < 0.001:
        return f"{value:.3g}"
    if size >= 1000:
        return f"{value:,.0f}"
    if size >= 100:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 10 else f"{value:.4f}"
