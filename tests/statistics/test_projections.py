"""Cohorts of new subscribers: projections of worlds whose rates are known."""

import numpy as np
import pandas as pd
import pytest

from orchestration.statistics import projections

DECAY = 0.30 * 0.85 ** np.arange(16)


def cohorts(levels, *, size=400, ages=16, seed=0):
    """The newest cohort has completed one week, the one before five, and so on; counts are Poisson."""
    generator = np.random.default_rng(seed)
    rows = []
    for number, level in enumerate(levels):
        done = 1 + 4 * (len(levels) - 1 - number)
        month = pd.Timestamp("2025-01-01") + pd.DateOffset(months=number)
        for age in range(ages):
            seen = size if age < done else 0
            rows.append((month, "clicks", age, size, seen, done, generator.poisson(seen * level * DECAY[age])))
    columns = [
        "cohort_month_on",
        "metric",
        "age_weeks",
        "subscribers",
        "observed_subscribers",
        "completed_weeks",
        "total",
    ]
    return pd.DataFrame(rows, columns=columns)


def test_a_new_cohort_is_expected_to_go_the_way_of_the_others():
    found = projections.results(cohorts([1.0] * 12)).set_index(["cohort_month_on", "age_weeks"])
    newest = found.xs(found.index[-1][0])
    assert newest["expected"].iloc[-1] == pytest.approx(DECAY.sum(), rel=0.05)
    assert newest["observed"].notna().tolist() == [True] + [False] * 15
    assert (newest["expected_lo"] <= newest["expected"]).all()
    assert (newest["expected"] <= newest["expected_hi"]).all()


def test_a_lively_start_raises_what_is_ahead():
    levels = [1.0, 0.6, 1.4, 0.7, 1.3, 1.0, 0.8, 1.2, 1.0, 1.0]
    lively, dull = (
        projections.results(cohorts([*levels, level])).groupby("cohort_month_on")["expected"].last().iloc[-1]
        for level in (1.6, 0.5)
    )
    assert lively > 1.5 * dull


def test_intervals_hold_as_often_as_they_say():
    held = []
    for seed in range(40):
        levels = np.random.default_rng(seed).gamma(25, 1 / 25, size=12)
        rows = cohorts(levels, seed=seed)
        newest = projections.results(rows).groupby("cohort_month_on").tail(1).iloc[-1]
        truth = np.random.default_rng(1_000 + seed).poisson(400 * levels[-1] * DECAY[1:].sum())
        start = rows[rows["cohort_month_on"] == newest["cohort_month_on"]]["total"].sum()
        held.append(400 * newest["expected_lo"] <= start + truth <= 400 * newest["expected_hi"])
    print(f"\nintervals of 40 projections held in {np.mean(held):.0%}")
    assert np.mean(held) >= 0.85


def test_the_coverage_of_past_intervals_is_told():
    shares, tests = [], []
    for seed in range(12):
        found = projections.results(cohorts(np.random.default_rng(seed).gamma(25, 1 / 25, size=14), seed=seed))
        shares.append(found["coverage"].iloc[0])
        tests.append(found["backtests"].iloc[0])
    print(f"\n{sum(tests)} intervals of the past held in {np.average(shares, weights=tests):.0%}")
    assert min(tests) >= 5
    assert 0.85 <= np.average(shares, weights=tests) <= 1


def test_what_is_tested_knows_nothing_of_what_came_since():
    calm = cohorts([1.0] * 8)
    # Four weeks ago everybody begins to click five times as often: no interval of then holds, and all are told so.
    age_then = calm["completed_weeks"] - 4
    wild = calm.assign(total=np.where(calm["age_weeks"] >= age_then, 5 * calm["total"], calm["total"]))
    assert projections.results(calm)["coverage"].iloc[0] > 0.7
    sizes, observed, totals, completed = (
        wild.pivot(index="cohort_month_on", columns="age_weeks", values=name).to_numpy(dtype=float)
        for name in ("subscribers", "observed_subscribers", "total", "completed_weeks")
    )
    held = projections.backtest(sizes.max(axis=1), observed, totals, completed.max(axis=1).astype(int))
    assert np.mean(held) < 0.3


def test_a_single_cohort_and_small_ones_say_nothing():
    assert projections.results(cohorts([1.0]))["expected"].isna().all()
    assert projections.results(cohorts([1.0] * 6, size=20))["expected"].isna().all()
