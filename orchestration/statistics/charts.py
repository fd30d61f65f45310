"""Control charts: did a series leave the band in which chance alone would keep it?

Belongs here: exponentially weighted moving averages with limits. Does not belong here: which series, and what follows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

# NIST/SEMATECH e-Handbook, section 6.3.2.4: weight of the newest value, and width of the limits in standard deviations.
WEIGHT, WIDTH = 0.3, 3.0
# Median moving range of a standard normal series: what it is divided by to give a standard deviation. A median, since
# the jumps that a chart is to find shall not widen its limits.
_RANGE_TO_SIGMA = 0.9539


def ewma(
    values: ArrayLike, target: float, errors: ArrayLike, *, weight: float = WEIGHT, width: float = WIDTH
) -> tuple[NDArray, NDArray, NDArray]:
    """The moving average from `target` on, and its lower and upper limits, period by period.

    `errors` are each value's standard deviation around the target. The limits are exact from the first period on, also
    where deviations differ: z_t has the variance (1 - w)^2 of z_(t-1) plus w^2 s_t^2.
    """
    values, errors = np.broadcast_arrays(np.asarray(values, dtype=float), np.asarray(errors, dtype=float))
    averages, variances = np.empty(len(values)), np.empty(len(values))
    average, variance = target, 0.0
    for period, (value, error) in enumerate(zip(values, errors, strict=True)):
        average = weight * value + (1 - weight) * average
        variance = (1 - weight) ** 2 * variance + (weight * error) ** 2
        averages[period], variances[period] = average, variance
    half = width * np.sqrt(variances)
    return averages, target - half, target + half


def rate_errors(numerators: ArrayLike, denominators: ArrayLike) -> tuple[float, NDArray]:
    """A rate's overall value, and each period's standard deviation around it (Laney's p' chart).

    Binomial deviations are too narrow where periods differ by more than chance; they are widened by the deviation
    that the standardised series shows from one period to the next, and never narrowed.
    """
    numerators, denominators = np.asarray(numerators, dtype=float), np.asarray(denominators, dtype=float)
    rate = numerators.sum() / denominators.sum()
    errors = np.sqrt(rate * (1 - rate) / denominators)
    if len(errors) < 2 or not errors.max() > 0:
        return rate, errors
    scores = (numerators / denominators - rate) / errors
    return rate, errors * max(1.0, np.median(np.abs(np.diff(scores))) / _RANGE_TO_SIGMA)


def value_errors(values: ArrayLike) -> tuple[float, NDArray]:
    """A series' mean, and its deviation by the moving range (individuals chart), the same for each period."""
    values = np.asarray(values, dtype=float)
    spread = np.median(np.abs(np.diff(values))) / _RANGE_TO_SIGMA if len(values) > 1 else 0.0
    return values.mean(), np.full(len(values), spread)
