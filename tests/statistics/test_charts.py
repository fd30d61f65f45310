"""Control charts, against the handbook's figures (methods.md, section 2.9)."""

import numpy as np
import pytest

from orchestration.statistics import charts


def test_the_limits_settle_where_the_handbook_has_them():
    _, lower, upper = charts.ewma(np.full(200, 50.0), 50, 2.0539)
    assert (upper[-1], lower[-1]) == (pytest.approx(52.5884, abs=5e-5), pytest.approx(47.4116, abs=5e-5))


def test_the_limits_widen_to_that_as_the_average_forgets_its_start():
    _, _, upper = charts.ewma(np.zeros(30), 0, 1.0)
    t = np.arange(1, 31)
    assert upper == pytest.approx(3 * np.sqrt(0.3 / 1.7 * (1 - 0.7 ** (2 * t))))


def test_a_shift_is_found_and_a_steady_series_left_alone():
    generator = np.random.default_rng(5)
    n = np.full(52, 2_000)
    steady, shifted = generator.binomial(n, 0.05), generator.binomial(n, np.where(np.arange(52) < 40, 0.05, 0.08))
    for counts, moves in ((steady, False), (shifted, True)):
        rate, errors = charts.rate_errors(counts, n)
        average, lower, upper = charts.ewma(counts / n, rate, errors)
        assert bool((average > upper).any() or (average < lower).any()) is moves


def test_periods_that_differ_by_more_than_chance_widen_the_limits():
    generator = np.random.default_rng(6)
    n = np.full(60, 20_000)
    counts = generator.binomial(n, generator.normal(0.05, 0.01, size=60).clip(0.01, 0.1))
    rate, errors = charts.rate_errors(counts, n)
    assert errors.mean() > 3 * np.sqrt(rate * (1 - rate) / 20_000)
    assert errors == pytest.approx(np.full(60, 0.01), rel=0.4)
