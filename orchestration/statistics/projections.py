"""What a cohort of new subscribers is expected to do next, from what the others did at the same age.

Belongs here: expected curves, their intervals, and how often these held. Does not belong here: who belongs to which
cohort (int_cohort_ages).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

# Below these the other cohorts say nothing about an age.
LEAST_SUBSCRIBERS, LEAST_TOTAL = 30, 5
LEVEL = 0.95
# Weeks ago from which projections are tested against what has come since.
ORIGINS = (4, 8, 13)


def results(ages: pd.DataFrame) -> pd.DataFrame:
    """A row per cohort, metric and week of age, with the columns of new_subscriber_projection.

    `ages`: cohort_month_on, metric, age_weeks (0, 1, …), subscribers, observed_subscribers (who have completed that
    week), completed_weeks (of all of the cohort) and total (of those observed, in that week). Figures are per
    subscriber of the cohort and cumulative. For weeks that the whole cohort has completed, `expected` is what the other
    cohorts would have led to expect at the start; ahead, what has been observed and the cohort's own level lead to
    expect. `coverage` is the share of `backtests` intervals that held; see `backtest`.
    """
    found = []
    for metric, rows in ages.groupby("metric"):
        subscribers, observed, totals, completed = (
            rows.pivot(index="cohort_month_on", columns="age_weeks", values=name).sort_index().fillna(0)
            for name in ("subscribers", "observed_subscribers", "total", "completed_weeks")
        )
        sizes = subscribers.max(axis=1).to_numpy(dtype=float)
        tables = observed.to_numpy(dtype=float), totals.to_numpy(dtype=float)
        curves = _curves(sizes, *tables)
        held = backtest(sizes, *tables, completed.max(axis=1).to_numpy(dtype=int))
        per = np.where(sizes > 0, sizes, np.nan)[:, None]
        for number, cohort in enumerate(observed.index):
            found.append(
                pd.DataFrame(
                    {
                        "cohort_month_on": cohort, "metric": metric, "age_weeks": observed.columns,
                        **{name: (curve / per)[number] for name, curve in curves.items()},
                        "coverage": np.mean(held) if held else np.nan, "backtests": len(held),
                        "subscribers": sizes[number],
                    }
                )
            )  # fmt: skip
    return pd.concat(found, ignore_index=True)


def backtest(sizes: np.ndarray, observed: np.ndarray, totals: np.ndarray, completed: np.ndarray) -> list[bool]:
    """Whether what came lay within what would have been expected ORIGINS weeks ago, cohort by cohort.

    Then only weeks were known that whole cohorts had completed by then. A cohort that had completed none, or has
    completed no more since, is not tested.
    """
    held = []
    done = _done(sizes, observed)
    for weeks in ORIGINS:
        is_known = np.arange(observed.shape[1]) < (completed - weeks)[:, None]
        then = _curves(sizes, np.where(is_known, sizes[:, None], 0.0), np.where(is_known, totals, 0.0))
        for cohort in np.flatnonzero((completed > weeks) & (done > completed - weeks)):
            at = done[cohort] - 1
            if not np.isnan(then["expected"][cohort, at]):
                came = totals[cohort, : at + 1].sum()
                held.append(bool(then["expected_lo"][cohort, at] <= came <= then["expected_hi"][cohort, at]))
    return held


def _done(sizes: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """How many weeks from the first on each whole cohort has completed."""
    return np.cumprod(observed >= np.maximum(sizes, 1)[:, None], axis=1).sum(axis=1)


def _curves(sizes: np.ndarray, observed: np.ndarray, totals: np.ndarray) -> dict[str, np.ndarray]:
    """Expected, its bounds and observed, cumulative totals, cohorts by ages."""
    shape = observed.shape
    expected, lo, hi, seen = (np.full(shape, np.nan) for _ in range(4))
    for cohort, done in enumerate(_done(sizes, observed)):
        teachers = np.ones(shape[0], dtype=bool)
        teachers[cohort] = False
        rates, events, spread, between = _lessons(observed[teachers], totals[teachers])
        seen[cohort, :done] = totals[cohort, :done].cumsum()
        known = int(np.cumprod(~np.isnan(rates)).sum())
        if not known or sizes[cohort] < LEAST_SUBSCRIBERS:
            continue
        promised = sizes[cohort] * rates[:known].cumsum()
        base = spread / max(events, 1)
        variance = spread * promised + promised**2 * (between + base)
        expected[cohort, :known], lo[cohort, :known], hi[cohort, :known] = _interval(promised, variance)
        # The cohort's own level so far, drawn towards the others' by how much cohorts differ.
        so_far, due = totals[cohort, :known].sum(), (observed[cohort, :known] * rates[:known]).sum()
        weight = between * due / (between * due + spread) if between * due > 0 else 0.0
        level = 1 + weight * (so_far / due - 1) if due > 0 else 1.0
        if done < known:
            ahead = sizes[cohort] * level * rates[done:known].cumsum()
            variance = spread * ahead + ahead**2 * ((1 - weight) * between + base)
            start = totals[cohort, :done].sum()
            parts = _interval(ahead, variance)
            expected[cohort, done:known], lo[cohort, done:known], hi[cohort, done:known] = (start + p for p in parts)
    return {"expected": expected, "expected_lo": lo, "expected_hi": hi, "observed": seen}


def _lessons(observed: np.ndarray, totals: np.ndarray) -> tuple[np.ndarray, float, float, float]:
    """What cohorts teach: rate by age (NaN where too few have been there), events in all, the variance of a total by
    its mean (1 for counts of independent events), and the variance of the cohorts' levels about 1."""
    people, events = observed.sum(axis=0), totals.sum(axis=0)
    rates = np.where(people >= LEAST_SUBSCRIBERS, events / np.maximum(people, 1), np.nan)
    if totals.sum() < LEAST_TOTAL:
        return np.full(len(rates), np.nan), 0.0, 1.0, 0.0
    due = observed * np.nan_to_num(rates)
    cohort_due, cohort_total = due.sum(axis=1), totals.sum(axis=1)
    levels = np.divide(cohort_total, cohort_due, out=np.ones(len(totals)), where=cohort_due > 0)
    fitted = due * levels[:, None]
    cells = fitted > 0
    freedom = max(cells.sum() - len(totals), 1)
    spread = max(((totals[cells] - fitted[cells]) ** 2 / fitted[cells]).sum() / freedom, 1e-9)
    between = ((cohort_total - cohort_due) ** 2 - spread * cohort_due).sum() / max((cohort_due**2).sum(), 1e-9)
    return rates, float(totals.sum()), float(spread), float(max(between, 0.0))


def _interval(mean: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and bounds of totals, which are never negative and skewed: gamma by mean and variance."""
    tail = (1 - LEVEL) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        shape, scale = mean**2 / variance, variance / mean
        lo, hi = (stats.gamma.ppf(q, shape, scale=scale) for q in (tail, 1 - tail))
    is_certain = ~(mean > 0)
    # A gamma distribution is continuous: a count may be the whole number beside it.
    return mean, np.where(is_certain, mean, np.floor(lo)), np.where(is_certain, mean, np.ceil(hi))
