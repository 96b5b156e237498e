"""What a comparison of gradients with differences found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GradientRow:
    """The worst entry of one parameter.

    Args:
        parameter: The variable's path, or `inputs[i]`.
        shape: Its shape.
        index: Index of the worst entry looked at.
        analytic: The backend's gradient there.
        numeric: The central difference there.
        error: `|analytic - numeric|` over the larger of both, or over what rounding lets the
            difference resolve.
        ok: Whether the error is within the tolerance.
    """

    parameter: str
    shape: tuple[int, ...]
    index: tuple[int, ...]
    analytic: float
    numeric: float
    error: float
    ok: bool

    def __str__(self) -> str:
        return (
            f"{self.parameter} {self.shape} at {self.index}: analytic {self.analytic:.6g}, "
            f"numeric {self.numeric:.6g}, relative error {self.error:.2g}"
        )


@dataclass(frozen=True, slots=True)
class GradientReport:
    """What a gradient check found.

    Args:
        dtype: Narrowest dtype of the computation: float64 unless the backend has none or a part
            of the function narrows it.
        epsilon: Step of the differences.
        tolerance: Largest relative error allowed.
        rows: One per parameter and float input.
    """

    dtype: str
    epsilon: float
    tolerance: float
    rows: tuple[GradientRow, ...]

    @property
    def worst(self) -> GradientRow:
        """The row with the largest error."""
        return max(self.rows, key=lambda row: row.error)

    @property
    def ok(self) -> bool:
        """Whether every row is."""
        return all(row.ok for row in self.rows)
