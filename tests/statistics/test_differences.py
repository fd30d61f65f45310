"""Differences of rates and means, against published figures and statsmodels (methods.md, sections 2.6 and 3.1)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from orchestration.statistics import differences, posteriors


def relative_rates(successes, n, successes_0, n_0):
    rate, rate_0 = successes / n, successes_0 / n_0
    return differences.relative_difference(rate, rate * (1 - rate), n, rate_0, rate_0 * (1 - rate_0), n_0)


def sample_variance(total, squares, n):
    return (squares - total**2 / n) / (n - 1)


@pytest.mark.parametrize(
    ("arms", "lo", "hi"),
    [((56, 70, 48, 80), 0.0524, 0.3339), ((9, 10, 3, 10), 0.1705, 0.8090)],
)
def test_the_interval_of_a_difference_of_rates_is_newcombes(arms, lo, hi):
    found = differences.rate_difference(*arms)
    assert (found.lo, found.hi) == (pytest.approx(lo, abs=5e-5), pytest.approx(hi, abs=5e-5))


def test_the_test_of_two_rates_is_the_pooled_z_test():
    found = differences.rate_difference(5, 83, 12, 99)
    assert (found.statistic, found.p_value) == (pytest.approx(-1.40783, abs=1e-5), pytest.approx(0.159182, abs=1e-6))


def test_the_relative_difference_of_means_and_the_absolute_one():
    arm = 2422.7 / 3461, sample_variance(2422.7, 134698.29, 3461), 3461
    control = 1396.87 / 3407, sample_variance(1396.87, 52377.9767, 3407), 3407
    relative = differences.relative_difference(*arm, *control)
    assert [relative.effect, relative.lo, relative.hi, relative.p_value] == pytest.approx(
        [0.70732, -0.03526, 1.44989, 0.06191], abs=5e-6
    )
    absolute = differences.mean_difference(*arm, *control)
    assert [absolute.effect, absolute.lo, absolute.hi, absolute.p_value] == pytest.approx(
        [0.29, 0.04538, 0.53462, 0.02016], abs=5e-6
    )


def test_the_relative_difference_of_rates():
    found = relative_rates(16, 30, 14, 28)
    assert [found.effect, found.lo, found.hi, found.p_value] == pytest.approx(
        [0.06667, -0.47767, 0.61101, 0.80707], abs=5e-6
    )
    assert found.standard_error == pytest.approx(0.2717, abs=5e-5)


def test_the_always_valid_interval():
    found = relative_rates(2422, 3461, 1396, 3000)
    half = differences.always_valid_half_width(found.standard_error, 3000 + 3461)
    assert [found.effect, found.effect - half, found.effect + half] == pytest.approx(
        [0.50386, 0.40098, 0.60675], abs=5e-6
    )


def test_the_chance_to_win_and_the_risk_in_the_normal_approximation():
    found = relative_rates(51, 100, 49, 100)
    assert [found.effect, found.standard_error] == pytest.approx([0.04082, 0.14725], abs=5e-6)
    half_error = float(found.standard_error) / np.sqrt(2)
    best, loss = posteriors.best_and_loss([stats.norm(0, half_error), stats.norm(float(found.effect), half_error)])
    assert best[1] == pytest.approx(0.60918, abs=5e-6)
    assert list(loss) == pytest.approx([0.0814, 0.04058], abs=5e-6)


def test_the_exact_probability_that_a_rate_is_the_better_one():
    best, _ = posteriors.best_and_loss([posteriors.of_rate(49, 100), posteriors.of_rate(51, 100)])
    assert best == pytest.approx([1 - 0.610771, 0.610771], abs=5e-7)


def test_the_minimum_detectable_effect():
    visit, order = 2262 / 21306, 122 / 21306
    variances = [visit * (1 - visit), order * (1 - order)]
    assert differences.minimum_detectable_effect(variances, 21306, 21306) == pytest.approx([0.00836, 0.00205], abs=5e-6)


def test_nothing_is_claimed_where_nothing_was_measured_or_varies():
    empty = differences.rate_difference([0, 0, 3], [0, 10, 3], [1, 0, 5], [5, 10, 5])
    assert np.isnan(empty.p_value).all()
    assert np.isnan(empty.effect[0])
    assert np.isnan(differences.mean_difference(0.0, 0.0, 10, 0.0, 0.0, 10).p_value)
    assert np.isnan(relative_rates(1, 10, 0, 10).effect)
    assert np.isnan(differences.minimum_detectable_effect(0.25, [0, 10], [10, 0])).all()


def test_no_interval_is_valid_at_every_look_where_nothing_varied():
    """A point, narrower than the interval for one look, would claim to know a rate of nobody for certain."""
    nobody = differences.rate_difference(0, 1_000, 0, 1_000)
    assert np.isnan(differences.always_valid_half_width(nobody.standard_error, 2_000))


def test_no_arm_is_likelier_than_certain_to_be_the_best():
    """Means so far apart that the integral's own error shows; the gate refuses a probability above 1."""
    best, _ = posteriors.best_and_loss([stats.norm(0, 1), stats.norm(2_000, 1e-4)])
    assert best[1] == pytest.approx(1) and best.max() <= 1


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 400), st.integers(0, 3))
def test_arms_share_all_of_the_probability_and_the_best_loses_least(x, y, z, extra):
    beliefs = [posteriors.of_rate(x, 40), posteriors.of_rate(y, 40), posteriors.of_rate(z, 400)]
    beliefs += [posteriors.of_rate(1, 2)] * extra
    best, loss = posteriors.best_and_loss(beliefs)
    assert best.sum() == pytest.approx(1, abs=1e-7)
    assert (loss >= -1e-12).all()
    means = np.array([belief.mean() for belief in beliefs])
    # E[max] is one number: what an arm loses and what it has sum to it, whichever arm.
    assert np.ptp(loss + means) < 1e-7


def test_the_always_valid_p_value_is_the_level_at_which_the_interval_reaches_nought():
    half = differences.always_valid_half_width(0.01, 8_000)
    assert differences.always_valid_p_value(half, 0.01, 8_000) == pytest.approx(differences.ALPHA)
    assert differences.always_valid_p_value([0, half / 2, 2 * half], 0.01, 8_000) == pytest.approx([1, 1, 0], abs=1e-6)
    assert np.isnan(differences.always_valid_p_value(0.1, 0.0, 8_000))


def test_many_metrics_looked_at_many_times_err_no_more_often_than_one_looked_at_once():
    """Twelve metrics of an A/A test, ten looks: how often any is called a difference."""
    replays, looks, between, metrics = 1_000, 10, 500, 12
    draws = np.random.default_rng(21).binomial(between, 0.1, size=(2, metrics, replays, looks)).cumsum(axis=3)
    n = between * np.arange(1, looks + 1)
    found = differences.rate_difference(
        draws[0].ravel(), np.tile(n, metrics * replays), draws[1].ravel(), np.tile(n, metrics * replays)
    )
    p_value = differences.always_valid_p_value(found.effect, found.standard_error, 2 * np.tile(n, metrics * replays))
    least = p_value.reshape(metrics, replays, looks).min(axis=0)
    unadjusted, holm = ((least * tests < differences.ALPHA).any(axis=1).mean() for tests in (1, metrics))
    print(f"\ntwelve metrics, ten looks: any called in {unadjusted:.1%}, adjusted for their number in {holm:.1%}")
    assert unadjusted > 0.08
    assert holm <= 0.05


def test_looking_ten_times_errs_too_often_unless_the_interval_is_always_valid():
    replays, looks, between = 2_000, 10, 500
    draws = np.random.default_rng(20).binomial(between, 0.1, size=(2, replays, looks)).cumsum(axis=2)
    n = between * np.arange(1, looks + 1)
    found = differences.rate_difference(draws[0], n, draws[1], n)
    half = differences.always_valid_half_width(found.standard_error, 2 * n)
    always_valid = (np.abs(found.effect) > half).any(axis=1).mean()
    fixed = (found.p_value < differences.ALPHA).any(axis=1).mean()
    print(f"\n2,000 A/A replays, ten looks: fixed horizon errs in {fixed:.1%}, always valid in {always_valid:.1%}")
    assert always_valid <= 0.05
    assert fixed > 0.10
