"""Has a metric moved? A control chart for jumps and drifts, a rank test for the long run.

Belongs here: reading weekly series. Does not belong here: the chart itself (`charts.py`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pymannkendall

from orchestration.statistics import charts, series

# Weeks a series must have before limits mean anything, and messages a week must have before its rate does.
LEAST_WEEKS, LEAST_DENOMINATOR = 8, 30


def results(days: pd.DataFrame) -> pd.DataFrame:
    """A row per metric, scope and settled week (see `series.weekly`), with the columns of metric_trends."""
    weeks = series.weekly(days)
    # A type of campaign of its own for each campaign makes thousands of series too short to read, one by one.
    is_short = weeks.groupby(["metric", "scope"])["value"].transform("size") < LEAST_WEEKS
    figures = {**dict.fromkeys(_FIGURES, np.nan), "status": "too_little_data"}
    found = [_read(group.reset_index(drop=True)) for _, group in weeks[~is_short].groupby(["metric", "scope"])]
    return pd.concat([weeks[is_short].assign(**figures), *found], ignore_index=True)


def long_run(values: np.ndarray, periods: np.ndarray | None = None) -> tuple[float, float]:
    """Mann-Kendall's z and Sen's slope per period; `periods` number the values from 0 where not every one has a value.

    Where neighbouring values go together more than chance allows, z allows for it (Hamed and Rao 1998). NaN for fewer
    than LEAST_WEEKS values or a constant series.
    """
    if len(values) < LEAST_WEEKS or np.ptp(values) == 0:
        return np.nan, np.nan
    centred = values - values.mean()
    autocorrelation = (centred[1:] * centred[:-1]).sum() / (centred**2).sum()
    is_independent = abs(autocorrelation) < 1.96 / np.sqrt(len(values))
    test = pymannkendall.original_test if is_independent else pymannkendall.hamed_rao_modification_test
    found = test(values)
    if periods is None or len(values) == periods.max() + 1:
        return float(found.z), float(found.slope)
    gapless = np.full(periods.max() + 1, np.nan)
    gapless[periods] = values
    return float(found.z), float(pymannkendall.sens_slope(gapless).slope)


_FIGURES = ["ewma", "ewma_lo", "ewma_hi", "trend_z", "sen_slope", "status"]


def _read(weeks: pd.DataFrame) -> pd.DataFrame:
    values = weeks["value"].to_numpy(dtype=float)
    is_rate = bool(weeks["is_rate"].iloc[0])
    is_share = is_rate and not weeks["metric"].iloc[0].startswith("revenue")
    if is_share:
        target, errors = charts.rate_errors(weeks["numerator"], weeks["denominator"])
    else:
        target, errors = charts.value_errors(values)
    averages, lower, upper = charts.ewma(values, target, errors)
    since_first = weeks["period_start_on"] - weeks["period_start_on"].iloc[0]
    z, slope = long_run(values, (since_first.dt.days // 7).to_numpy())
    status = np.select([averages > upper, averages < lower], ["up", "down"], "in_control").astype(object)
    is_thin = is_rate & (weeks["denominator"].to_numpy(dtype=float) < LEAST_DENOMINATOR)
    is_constant = not np.max(errors) > 0
    status[is_thin | is_constant] = "too_little_data"
    # No metric is negative, and no share of messages above all of them.
    lower, upper = np.maximum(lower, 0), np.minimum(upper, 1.0) if is_share else upper
    chart = (averages, lower, upper) if not is_constant else (np.full(len(values), np.nan),) * 3
    return weeks.assign(**dict(zip(_FIGURES, (*chart, z, slope, status), strict=True)))
