"""Declared goals against what happened, and whether they will be reached.

Belongs here: periods of goals, projections, probabilities. Does not belong here: which goals there are (seed goals).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from orchestration.statistics import series

STEPS = {
    "week": pd.DateOffset(weeks=1),
    "month": pd.DateOffset(months=1),
    "quarter": pd.DateOffset(months=3),
    "year": pd.DateOffset(years=1),
}
# Metrics that are to stay below their target.
LESS_IS_BETTER = ("unsubscribe_rate", "complaint_rate", "bounce_rate")
# Past days from which the rest of a period is projected, and the least that there must be.
LOOKBACK_DAYS, LEAST_DAYS = 56, 14
LEAST_DENOMINATOR = 30
ON_TRACK, OFF_TRACK = 0.8, 0.2


def results(goals: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """A row per goal and period that has begun, with the columns of goal_progress.

    `goals`: goal, metric, scope, target, period, starts_on, as_of_on. `days`: int_metric_days. A goal whose metric and
    scope has no day says `too_little_data`. Raises ValueError for a goal without a target or a first day, or of an
    unknown period.
    """
    rows = []
    is_unreadable = goals[["target", "starts_on"]].isna().any(axis=1) | ~goals["period"].isin(list(STEPS))
    for goal in goals[is_unreadable].itertuples():
        needed = f"a target, a first day and a period of {', '.join(STEPS)}"
        given = f"{goal.target}, {goal.starts_on} and {goal.period!r}"
        raise ValueError(
            f"goal {goal.goal!r} in goals.csv needs {needed}, not {given}: correct the line, then run again"
        )
    days = days.assign(day_on=pd.to_datetime(days["day_on"]))
    filled = series.daily_totals(days) if len(days) else days
    mailed_from = days.loc[days["is_rate"].astype(bool), "day_on"].min()
    for goal in goals.itertuples():
        now = pd.Timestamp(goal.as_of_on)
        start = pd.Timestamp(goal.starts_on)
        own = (days["metric"] == goal.metric) & (days["scope"] == goal.scope)
        is_rate = bool(days.loc[own, "is_rate"].iloc[0]) if own.any() else False
        history = days[own] if is_rate else filled[(filled["metric"] == goal.metric) & (filled["scope"] == goal.scope)]
        known_from = min((day for day in (mailed_from, history["day_on"].min()) if pd.notna(day)), default=pd.NaT)
        number = 0
        while start + number * STEPS[goal.period] < now:
            begin, end = start + number * STEPS[goal.period], start + (number + 1) * STEPS[goal.period]
            number += 1
            # What no export reaches back to is not known, and not nought.
            known = history if end > known_from else history[:0]
            settles = int(days.loc[own, "settles_in_days"].iloc[0]) if is_rate else 0
            found = progress(known, begin, end, now, goal.target, is_rate, goal.metric in LESS_IS_BETTER, settles)
            rows.append(
                {
                    "goal": goal.goal, "period_start_on": begin, "metric": goal.metric, "scope": goal.scope,
                    "target": goal.target, **found, "period_end_on": end,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def progress(
    history: pd.DataFrame,
    begin: pd.Timestamp,
    end: pd.Timestamp,
    now: pd.Timestamp,
    target: float,
    is_rate: bool,
    less_is_better: bool,
    settles_in_days: int = 0,
) -> dict:
    """Actual, projection, probability and status of one period; `history` has day_on, numerator and denominator.

    The responses to a day's messages are in `settles_in_days` after it: until then its messages count among those whose
    responses are still to come, after the end of the period as well.
    """
    settles = pd.Timedelta(days=settles_in_days)
    settled = now - settles
    past = history[(history["day_on"] >= begin) & (history["day_on"] < min(end, settled))]
    waiting = history[(history["day_on"] >= max(begin, settled)) & (history["day_on"] < min(end, now))]
    before = history[(history["day_on"] >= settled - pd.Timedelta(days=LOOKBACK_DAYS)) & (history["day_on"] < settled)]
    rest = max((end - max(now, begin)).days, 0)
    if is_rate:
        numbers = _rate(past, before, float(waiting["denominator"].astype(float).sum()), rest, target)
    else:
        numbers = _total(past, before, rest, target)
    actual, lo, hi, projected, probability = numbers
    if less_is_better and not np.isnan(probability):
        probability = 1 - probability
    is_thin = is_rate and past["denominator"].astype(float).sum() < LEAST_DENOMINATOR
    if now >= end + settles and not np.isnan(actual) and not is_thin:
        met = actual <= target if less_is_better else actual >= target
        probability = float(met)
        status = "reached" if met else "missed"
    elif np.isnan(probability):
        status = "too_little_data"
    else:
        status = "on_track" if probability >= ON_TRACK else "off_track" if probability <= OFF_TRACK else "at_risk"
    return {
        "actual": actual, "actual_lo": lo, "actual_hi": hi, "projected": projected,
        "probability_of_reaching": probability, "status": status,
    }  # fmt: skip


def _total(past: pd.DataFrame, before: pd.DataFrame, rest: int, target: float) -> tuple[float, ...]:
    """The rest of the period as a sum of days like those before, normally distributed; whole weeks vary as their days
    do, and what the mean of the days is known to adds to it. No day takes anything away: a target that has been reached
    stays so."""
    if history_is_short(before) and past.empty:
        return (np.nan,) * 5
    actual = float(past["numerator"].astype(float).sum())
    if rest == 0:
        return actual, np.nan, np.nan, actual, np.nan
    values = before["numerator"].to_numpy(dtype=float)
    if history_is_short(before):
        return actual, np.nan, np.nan, np.nan, np.nan
    mean, variance = values.mean(), values.var(ddof=1)
    projected = actual + rest * mean
    spread = np.sqrt(variance * (rest + rest**2 / len(values)))
    is_certain = actual >= target or not spread > 0
    reaches = float(projected >= target) if is_certain else float(stats.norm.sf(target, projected, spread))
    return actual, np.nan, np.nan, projected, reaches


def history_is_short(days: pd.DataFrame) -> bool:
    """Whether there are too few past days to project from."""
    return days.empty or (days["day_on"].max() - days["day_on"].min()).days + 1 < LEAST_DAYS


def _rate(past: pd.DataFrame, before: pd.DataFrame, waiting: float, rest: int, target: float) -> tuple[float, ...]:
    """The period's rate, Wilson's interval, and what the messages still to respond make of it.

    These respond at the rate of the period and the days before it; beside those `waiting` they are as many in the
    `rest` days as in the days before.
    How often is not known better than so many messages say: a beta distribution of as many as both have together, from
    Jeffreys' prior, so that nobody's complaint so far is a low rate and not none.
    """
    x, n = (float(past[name].astype(float).sum()) for name in ("numerator", "denominator"))
    is_share = 0 <= x <= n
    actual = x / n if n else np.nan
    lo, hi = proportion_confint(x, n, method="wilson") if n and is_share else (np.nan, np.nan)
    lo, hi = min(lo, actual), max(hi, actual)  # which rounding may part by 1e-19
    pool = pd.concat([past, before]).drop_duplicates("day_on")
    pool_x, pool_n = (float(pool[name].astype(float).sum()) for name in ("numerator", "denominator"))
    if rest == 0 and not waiting:
        return actual, lo, hi, actual, np.nan
    if pool_n < LEAST_DENOMINATOR or history_is_short(pool) or not is_share:
        return actual, lo, hi, np.nan, np.nan
    span = (before["day_on"].max() - before["day_on"].min()).days + 1 if len(before) else LOOKBACK_DAYS
    coming = waiting + float(before["denominator"].astype(float).sum()) / span * rest
    rate = pool_x / pool_n
    projected = (x + coming * rate) / (n + coming) if n + coming else np.nan
    if not coming > 0:
        return actual, lo, hi, projected, np.nan
    known = 1 / (1 / coming + 1 / pool_n)
    needed = (target * (n + coming) - x) / coming
    reaches = stats.beta.sf(needed, rate * known + 0.5, (1 - rate) * known + 0.5)
    return actual, lo, hi, projected, float(reaches)
