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
    and as_of_on. Weeks of a total without a row count as 0, to the last in which anything at all was recorded: a total
    that has run dry is not one that nobody reports any more. Weeks of a rate without one are absent: nothing was sent.
    The week in which the records of a total, or else of mail, begin is whole only if they begin on its Monday.
    """
    days = days.assign(day_on=pd.to_datetime(days["day_on"]), as_of_on=pd.to_datetime(days["as_of_on"]))
    start = days["day_on"] - pd.to_timedelta(days["day_on"].dt.day_of_week, unit="D")
    is_rate = days["is_rate"].astype(bool)
    begins_on = days.groupby(["metric", "scope"])["day_on"].transform("min").clip(upper=days["day_on"][is_rate].min())
    last_start = start[start + pd.Timedelta(days=7) <= days["as_of_on"]].max()
    wait = pd.to_timedelta(7 + days["settles_in_days"].astype(int), unit="D")
    settled = days.assign(period_start_on=start, begins_on=begins_on)[start + wait <= days["as_of_on"]]
    keys = ["metric", "scope", "is_rate", "period_start_on"]
    weeks = settled.groupby([*keys, "begins_on"], as_index=False)[["numerator", "denominator"]].sum(min_count=1)
    is_rate = weeks["is_rate"].astype(bool)
    totals = [_gapless(group, last_start, "7D") for _, group in weeks[~is_rate].groupby(["metric", "scope"])]
    totals = [group[group["period_start_on"] >= group["begins_on"]] for group in totals]
    weeks = pd.concat([weeks[is_rate], *totals], ignore_index=True).drop(columns="begins_on")
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


def _gapless(group: pd.DataFrame, last: pd.Timestamp, step: str) -> pd.DataFrame:
    weeks = pd.date_range(group["period_start_on"].min(), last, freq=step)
    filled = group.set_index("period_start_on").reindex(weeks).rename_axis("period_start_on").reset_index()
    same = ["metric", "scope", "is_rate", "begins_on"]
    filled[same] = group[same].iloc[0].tolist()
    return filled.assign(numerator=filled["numerator"].fillna(0.0))
