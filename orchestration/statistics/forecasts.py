"""Where a metric is heading, if the past shows that it can be told.

Belongs here: candidate models, the rolling back-test that admits them, forecasts with intervals. Does not belong here:
reading what has happened (`trends.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from orchestration.statistics import series

LEVEL = 95


@dataclass(frozen=True)
class Rhythm:
    """How a kind of series is forecast: season and horizon in steps, at most so many past steps, at least so many."""

    step: str
    season: int
    horizon: int
    most: int
    least: int


DAYS = Rhythm("D", season=7, horizon=28, most=182, least=84)
WEEKS = Rhythm("7D", season=1, horizon=8, most=104, least=26)
FOLDS = 4


def results(days: pd.DataFrame) -> pd.DataFrame:
    """A row per metric, scope `all`, and coming day (totals) or week (rates), with the columns of metric_forecasts.

    The forecast is absent, and `beats_naive` false, where no model's back-tested error is below the seasonal naive one.
    Series too short to test have no row. `days` is int_metric_days.
    """
    days = days[days["scope"] == "all"]
    totals = series.daily_totals(days).rename(columns={"day_on": "on", "numerator": "value"})
    rates = series.weekly(days[days["is_rate"].astype(bool)]).rename(columns={"period_start_on": "on"})
    found = []
    for rows, rhythm in ((totals, DAYS), (rates, WEEKS)):
        for (metric, scope), group in rows.groupby(["metric", "scope"]):
            group = group.sort_values("on")
            values = group["value"].to_numpy(dtype=float)[-rhythm.most :]
            if len(values) < rhythm.least or np.ptp(values) == 0:
                continue
            future = pd.date_range(group["on"].max(), periods=rhythm.horizon + 1, freq=rhythm.step)[1:]
            is_share = rhythm is WEEKS and not metric.startswith("revenue")
            forecast = best(values, rhythm, top=1.0 if is_share else np.inf)
            found.append(pd.DataFrame({"metric": metric, "scope": scope, "target_on": future, **forecast}))
    columns = ["metric", "scope", "target_on", *_FIGURES]
    return pd.concat(found, ignore_index=True)[columns] if found else pd.DataFrame(columns=columns)


_FIGURES = ["forecast", "forecast_lo", "forecast_hi", "model", "mase", "beats_naive", "naive_mase", "coverage"]


def best(values: np.ndarray, rhythm: Rhythm, *, top: float = np.inf) -> dict:
    """The forecast of the candidate with the least back-tested error, or its absence where naive is better.

    Values lie between 0 and `top`. `mase` is the mean absolute error by the in-sample error of the seasonal naive
    forecast (Hyndman and Koehler 2006), over FOLDS origins that end where the series does; `coverage` is the share of
    held-out values within the interval.
    """
    from statsforecast.models import Naive, SeasonalNaive  # takes seconds: only where a series is long enough

    naive = SeasonalNaive(rhythm.season) if rhythm.season > 1 else Naive()
    tests = {model.alias: backtest(model, values, rhythm) for model in _candidates(rhythm)}
    naive_error, _ = backtest(naive, values, rhythm)
    alias, (error, coverage) = min(tests.items(), key=lambda item: item[1][0])
    found = {"mase": error, "naive_mase": naive_error, "beats_naive": bool(error < naive_error)}
    found |= {name: np.nan for name in ("mase", "naive_mase") if np.isinf(found[name])}
    if not error < naive_error:
        nothing = np.full(rhythm.horizon, np.nan)
        parts = (nothing, nothing, nothing)
        return {**dict(zip(_FIGURES[:3], parts, strict=True)), "model": None, **found, "coverage": np.nan}
    model = next(model for model in _candidates(rhythm) if model.alias == alias)
    parts = (part.clip(0, top) for part in _forecast(model, values, rhythm.horizon))
    return {**dict(zip(_FIGURES[:3], parts, strict=True)), "model": alias, **found, "coverage": coverage}


def backtest(model, values: np.ndarray, rhythm: Rhythm, *, folds: int = FOLDS) -> tuple[float, float]:
    """Mean absolute scaled error over rolling origins, and the coverage of the intervals."""
    errors, hits = [], []
    for fold in range(folds, 0, -1):
        cut = len(values) - fold * rhythm.horizon
        past, future = values[:cut], values[cut : cut + rhythm.horizon]
        if cut <= max(2 * rhythm.season, 8):
            continue
        scale = np.abs(past[rhythm.season :] - past[: -rhythm.season]).mean()
        if not scale > 0:
            continue
        mean, lo, hi = _forecast(model, past, rhythm.horizon)
        errors.append(np.abs(mean - future).mean() / scale)
        hits.append(((future >= lo) & (future <= hi)).mean())
    return (float(np.mean(errors)), float(np.mean(hits))) if errors else (np.inf, np.nan)


def _candidates(rhythm: Rhythm) -> list:
    from statsforecast.models import AutoETS, HoltWinters

    if rhythm.season > 1:
        return [AutoETS(rhythm.season, model="ANA", alias="ETS(A,N,A)"), HoltWinters(rhythm.season, "A")]
    return [AutoETS(1, model="ANN", alias="ETS(A,N,N)"), AutoETS(1, model="AAN", damped=True, alias="ETS(A,Ad,N)")]


def _forecast(model, values: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    found = model.forecast(np.asarray(values, dtype=float), horizon, level=[LEVEL])
    return found["mean"], found[f"lo-{LEVEL}"], found[f"hi-{LEVEL}"]
