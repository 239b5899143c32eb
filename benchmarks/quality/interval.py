"""Confidence intervals from independent runs, narrowed by what is known beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean, and how far to each side of it the truth lies in 95 of 100 cases."""

    mean: float
    half: float

    @property
    def relative(self) -> float:
        """The half width as a share of the mean."""
        return self.half / abs(self.mean)


def interval(values: Sequence[float], controls: Sequence[Sequence[float]] = ()) -> Interval:
    """Return the interval of the mean of independent runs' values.

    ``controls`` are, for each run, by how much other figures of the same run missed their known means: what the value
    moves with them is taken out. Source: Lavenberg and Welch, "A perspective on the use of control variables to
    increase the efficiency of Monte Carlo simulations", 1981.
    """
    runs = len(values)
    design = np.column_stack([np.ones(runs), np.array(controls).reshape(runs, -1)])
    freedom = runs - design.shape[1]
    if freedom < 1:
        raise ValueError(f"{runs} runs are too few for {design.shape[1] - 1} controls; make some more")
    inverse = np.linalg.inv(design.T @ design)
    found = inverse @ design.T @ np.array(values)
    residual = np.array(values) - design @ found
    spread = sqrt(float(residual @ residual) / freedom * float(inverse[0, 0]))
    return Interval(float(found[0]), student_t(0.975, freedom) * spread)


def student_t(p: float, freedom: int) -> float:
    """Return the quantile of Student's t distribution, right to three digits from 5 degrees of freedom on.

    Source: Abramowitz and Stegun, "Handbook of mathematical functions", 26.7.5 (Cornish and Fisher's expansion).
    """
    x = NormalDist().inv_cdf(p)
    return (
        x
        + (x**3 + x) / (4 * freedom)
        + (5 * x**5 + 16 * x**3 + 3 * x) / (96 * freedom**2)
        + (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / (384 * freedom**3)
        + (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / (92160 * freedom**4)
    )
