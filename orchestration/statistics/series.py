"""Metrics over time: from days to weeks and gapless series.

Belongs here: the shapes that trends, forecasts and goals share. Does not belong here: inference, and which days count
(int_metric_days).
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def weekly(days: pd.DataFrame) -> pd.DataFrame:
    """Whole settled weeks, from Monday: metric, scope, is_rate, period_start_on, numerator, denominator and value.

    `days` is int_metric_days: metric, scope, is_rate, day_on, numerator, denominator (NaN for totals), settles_in_days
    and as_of_on. Weeks of a total without a row count as 0; weeks of a rate without one are absent: nothing was sent.
    """
    days = days.assign(day_on=pd.to_datetime(days["day_on"]), as_of_on=pd.to_datetime(days["as_of_on"]))
    start = days["day_on"] - pd.to_timedelta(days["day_on"].dt.day_of_week, unit="D")
    wait = pd.to_timedelta(7 + days["settles_in_days"].astype(int), unit="D")
    days = days.assign(period_start_on=start)[start + wait <= days["as_of_on"]]
    keys = ["metric", "scope", "is_rate", "period_start_on"]
    weeks = days.groupby(keys, as_index=False)[["numerator", "denominator"]].sum(min_count=1)
    totals = [_gapless(group, "7D") for _, group in weeks[~weeks["is_rate"].astype(bool)].groupby(["metric", "scope"])]
    weeks = pd.concat([weeks[weeks["is_rate"].astype(bool)], *totals], ignore_index=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = weeks["numerator"].astype(float) / weeks["denominator"].astype(float)
    weeks["value"] = np.where(weeks["is_rate"].astype(bool), share, weeks["numerator"].astype(float))
    return weeks[weeks["value"].notna()].sort_values(keys).reset_index(drop=True)


def daily_totals(days: pd.DataFrame) -> pd.DataFrame:
    """Whole past days of every total, 0 where nothing happened: metric, scope, day_on, numerator."""
    totals = days[~days["is_rate"].astype(bool)]
    totals = totals.assign(day_on=pd.to_datetime(totals["day_on"]), as_of_on=pd.to_datetime(totals["as_of_on"]))
    found = []
    for (metric, scope), group in totals.groupby(["metric", "scope"]):
        last = group["as_of_on"].iloc[0] - pd.Timedelta(days=1)
        filled = group.set_index("day_on")["numerator"].astype(float)
        filled = filled.reindex(pd.date_range(filled.index.min(), max(last, filled.index.min())), fill_value=0.0)[:last]
        found.append(
            pd.DataFrame({"metric": metric, "scope": scope, "day_on": filled.index, "numerator": filled.to_numpy()})
        )
    return pd.concat(found, ignore_index=True) if found else totals[["metric", "scope", "day_on", "numerator"]]


def _gapless(group: pd.DataFrame, step: str) -> pd.DataFrame:
    weeks = pd.date_range(group["period_start_on"].min(), group["period_start_on"].max(), freq=step)
    filled = group.set_index("period_start_on").reindex(weeks).rename_axis("period_start_on").reset_index()
    filled[["metric", "scope", "is_rate"]] = group[["metric", "scope", "is_rate"]].iloc[0].tolist()
    return filled.assign(numerator=filled["numerator"].fillna(0.0))
