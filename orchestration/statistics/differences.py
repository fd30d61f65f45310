"""Two groups compared: rates and means, once or at every look.

Belongs here: tests, intervals and effect sizes of a difference, vectorised over rows. Does not belong here: what is
compared and what follows from it (`experiments.py`, `values.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, test_proportions_2indep

ALPHA = 0.05
POWER = 0.8
# The sample size for which an always-valid interval is narrowest (GrowthBook's default).
TUNED_FOR = 5_000


@dataclass(frozen=True)
class Difference:
    """A difference of treatment and control: what it is, its 95 % interval, its standard error and its test."""

    effect: NDArray
    lo: NDArray
    hi: NDArray
    standard_error: NDArray
    statistic: NDArray
    p_value: NDArray


def rate_difference(successes: ArrayLike, n: ArrayLike, successes_0: ArrayLike, n_0: ArrayLike) -> Difference:
    """Treatment's rate less control's: Newcombe's hybrid interval (1998, method 10) and the pooled z test.

    The standard error is the unpooled one. NaN where a group is empty; no test where the pooled rate is 0 or 1.
    """
    x, n, x_0, n_0 = (np.asarray(part, dtype=float) for part in (successes, n, successes_0, n_0))
    with np.errstate(divide="ignore", invalid="ignore"):
        rate, rate_0, pooled = x / n, x_0 / n_0, (x + x_0) / (n + n_0)
        lo, hi = confint_proportions_2indep(x, n, x_0, n_0, method="newcomb", compare="diff", alpha=ALPHA)
        standard_error = np.sqrt(rate * (1 - rate) / n + rate_0 * (1 - rate_0) / n_0)
        test = test_proportions_2indep(x, n, x_0, n_0, method="score", compare="diff", correction=False)
    varies = (pooled > 0) & (pooled < 1)
    statistic, p_value = (np.where(varies, part, np.nan) for part in (test.statistic, test.pvalue))
    return Difference(rate - rate_0, lo, hi, standard_error, statistic, p_value)


def mean_difference(
    mean: ArrayLike, variance: ArrayLike, n: ArrayLike, mean_0: ArrayLike, variance_0: ArrayLike, n_0: ArrayLike
) -> Difference:
    """Treatment's mean less control's, by Welch. Variances are the samples'; NaN where one cannot be known."""
    mean, variance, n = (np.asarray(part, dtype=float) for part in (mean, variance, n))
    mean_0, variance_0, n_0 = (np.asarray(part, dtype=float) for part in (mean_0, variance_0, n_0))
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = mean - mean_0
        standard_error = np.sqrt(variance / n + variance_0 / n_0)
        freedom = _welch_freedom(variance, n, variance_0, n_0)
        test = stats.ttest_ind_from_stats(mean, np.sqrt(variance), n, mean_0, np.sqrt(variance_0), n_0, equal_var=False)
        half = stats.t.ppf(1 - ALPHA / 2, freedom) * standard_error
    measurable = standard_error > 0
    statistic, p_value = (np.where(measurable, part, np.nan) for part in (test.statistic, test.pvalue))
    return Difference(effect, effect - half, effect + half, standard_error, statistic, p_value)


def relative_difference(
    mean: ArrayLike, variance: ArrayLike, n: ArrayLike, mean_0: ArrayLike, variance_0: ArrayLike, n_0: ArrayLike
) -> Difference:
    """The difference as a share of control's mean, by the delta method (GrowthBook's). NaN where that mean is 0.

    A rate's variance is p (1 - p). Degrees of freedom are Welch's, of the absolute difference.
    """
    mean, variance, n = (np.asarray(part, dtype=float) for part in (mean, variance, n))
    mean_0, variance_0, n_0 = (np.asarray(part, dtype=float) for part in (mean_0, variance_0, n_0))
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.where(mean_0 != 0, (mean - mean_0) / mean_0, np.nan)
        standard_error = np.sqrt(variance / (n * mean_0**2) + variance_0 * mean**2 / (n_0 * mean_0**4))
        freedom = _welch_freedom(variance, n, variance_0, n_0)
        statistic = np.where(standard_error > 0, effect / standard_error, np.nan)
        half = stats.t.ppf(1 - ALPHA / 2, freedom) * standard_error
    p_value = 2 * stats.t.sf(np.abs(statistic), freedom)
    return Difference(effect, effect - half, effect + half, standard_error, statistic, p_value)


def always_valid_half_width(standard_error: ArrayLike, n: ArrayLike, *, tuned_for: int = TUNED_FOR) -> NDArray:
    """Half the width of an interval that holds at every look at once (Waudby-Smith and others, as GrowthBook has it).

    `n` counts both groups. `tuned_for` is where the interval is narrowest. NaN without a standard error: where nothing
    varied, nothing is known to be certain.
    """
    n, standard_error = np.asarray(n, dtype=float), np.asarray(standard_error, dtype=float)
    tuned = n * _squared_rho(tuned_for)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = 2 * (tuned + 1) * np.log(np.sqrt(tuned + 1) / ALPHA) / (n * tuned)
        return np.where(standard_error > 0, standard_error, np.nan) * np.sqrt(n) * np.sqrt(spread)


def always_valid_p_value(
    effect: ArrayLike, standard_error: ArrayLike, n: ArrayLike, *, tuned_for: int = TUNED_FOR
) -> NDArray:
    """The level at which the interval of `always_valid_half_width` just reaches 0: a p-value that holds at every look
    at once, and may be adjusted for many tests like any other. NaN without a standard error."""
    tuned = np.asarray(n, dtype=float) * _squared_rho(tuned_for)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.asarray(effect, dtype=float) / np.where(np.asarray(standard_error) > 0, standard_error, np.nan)
        return np.minimum(np.sqrt(tuned + 1) * np.exp(-(z**2) / 2 * tuned / (tuned + 1)), 1.0)


def minimum_detectable_effect(variance: ArrayLike, n: ArrayLike, n_0: ArrayLike) -> NDArray:
    """The difference that a two-sided test at 5 % finds four times in five, given control's variance per subscriber.

    NaN where a group is empty.
    """
    n, n_0 = np.asarray(n, dtype=float), np.asarray(n_0, dtype=float)
    quantiles = stats.norm.ppf(1 - ALPHA / 2) + stats.norm.ppf(POWER)
    with np.errstate(divide="ignore", invalid="ignore"):
        least = quantiles * np.sqrt(np.asarray(variance, dtype=float) * (1 / n + 1 / n_0))
    return np.where(np.minimum(n, n_0) > 0, least, np.nan)


def _squared_rho(tuned_for: int) -> float:
    return (-2 * np.log(ALPHA) + np.log(1 - 2 * np.log(ALPHA))) / tuned_for


def _welch_freedom(variance: NDArray, n: NDArray, variance_0: NDArray, n_0: NDArray) -> NDArray:
    """Satterthwaite's degrees of freedom."""
    part, part_0 = variance / n, variance_0 / n_0
    return (part + part_0) ** 2 / (part**2 / (n - 1) + part_0**2 / (n_0 - 1))
