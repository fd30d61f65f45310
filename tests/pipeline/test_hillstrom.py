"""A real experiment from landing exports to marts: 64,000 customers, three arms (methods.md, section 3.1)."""

import json

import pytest

from tests.hillstrom import convert
from tests.pipeline.running import failure, published, run, settings_of
from tests.shared import HILLSTROM, needs

pytestmark = needs(HILLSTROM)

MENS, WOMENS = "Mens E-Mail", "Womens E-Mail"
# Effect, statistic, p-value, p-value adjusted, Newcombe's interval, always-valid interval.
EXPECTED = {
    ("order_rate", MENS): (
        *(0.0068050, 7.385114, 1.5232e-13, 6.093e-13),
        *(0.005014, 0.008641, 0.003839, 0.009771),
    ),
    ("order_rate", WOMENS): (
        *(0.0031111, 3.779561, 1.57105e-4, 3.142e-4),
        *(0.001502, 0.004745, 0.000462, 0.005761),
    ),
    ("revenue_per_subscriber", MENS): (0.769827, 5.300140, 1.16381e-7, 3.491e-7),
    ("revenue_per_subscriber", WOMENS): (0.424412, 3.256372, 0.00112940, 1.129e-3),
    ("site_engagement_rate", MENS): (
        *(0.0765896, 22.48604, 5.685e-112, 3.411e-111),
        *(0.069953, 0.083227, 0.065686, 0.087493),
    ),
    ("site_engagement_rate", WOMENS): (
        *(0.0452331, 13.94918, 3.1824e-44, 1.591e-43),
        *(0.038894, 0.051574, 0.034816, 0.055650),
    ),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The experiment's home, its exports loaded, built and published."""
    home = tmp_path_factory.mktemp("hillstrom")
    convert(HILLSTROM, home / "landing")
    result = run(settings_of(home, pinned_now=None))
    assert result.success, failure(result)
    return home


def test_the_marts_give_the_published_visits_orders_and_spend_per_arm(home):
    arms = published(
        home,
        """
        select
            assigned.variant,
            count(distinct assigned.subscriber_key) as customers,
            count(distinct done.subscriber_key) filter (done.micro_conversion = 'site_engagement') as visits,
            count(*) filter (done.micro_conversion = 'order') as orders,
            cast(sum(done.value) filter (done.micro_conversion = 'order') as varchar) as spend
        from dim_assignments as assigned
        left join fct_micro_conversions as done using (subscriber_key)
        group by all order by all
        """,
    )
    assert [(n, visits, orders, spend) for _, n, visits, orders, spend in arms] == [
        (21_307, 3_894, 267, "30311.69"),
        (21_306, 2_262, 122, "13908.33"),
        (21_387, 3_238, 189, "23038.11"),
    ]


def test_the_experiment_shows_what_was_published_of_it(home):
    rows = published(
        home,
        """
        select metric, variant, effect, z, p_value, effect_lo, effect_hi, always_valid_lo, always_valid_hi, p_adjusted,
            srm_p_value, verdict
        from experiment_results where p_value is not null order by metric, variant
        """,
    )
    assert [row[:2] for row in rows] == list(EXPECTED)
    for found, golden in zip(rows, EXPECTED.values(), strict=True):
        effect, z, p_value, p_adjusted, *intervals = golden
        assert found[2:4] == (pytest.approx(effect, abs=1e-6), pytest.approx(z, rel=1e-5))
        assert (found[4], found[9]) == (pytest.approx(p_value, rel=1e-4), pytest.approx(p_adjusted, rel=5e-4))
        assert list(found[5 : 5 + len(intervals)]) == pytest.approx(intervals, abs=1e-6)
        assert found[10:] == (pytest.approx(0.903693, abs=1e-6), "better")


def test_extra_visits_bring_in_orders(home):
    """Both arms as one, each weighted by its precision: .0889 (se .0118) and .0688 (se .0178). They share a control of
    their own size, so that half of either's noise is the other's too."""
    rows = published(
        home,
        """
        select incremental_ratio, incremental_ratio_lo, incremental_ratio_hi, evidence_grade, verdict, experiment_arms,
            incremental_p_adjusted < 1e-10, incremental_ratios
        from micro_conversion_value where micro_conversion = 'site_engagement' and macro_conversion = 'order'
        """,
    )
    weights = [0.0118**-2, 0.0178**-2]
    ratio = (0.0889 * weights[0] + 0.0688 * weights[1]) / sum(weights)
    half = 1.96 * (sum(weights) + 0.0118**-1 * 0.0178**-1) ** 0.5 / sum(weights)
    assert rows[0][:3] == pytest.approx((ratio, ratio - half, ratio + half), abs=2e-4)
    assert rows[0][3:7] == ("A", "driver", 2, True)
    arms = {arm["variant"]: (arm["ratio"], arm["standard_error"]) for arm in json.loads(rows[0][7])}
    assert arms[MENS] == (pytest.approx(0.0889, abs=6e-5), pytest.approx(0.0118, abs=6e-5))
    assert arms[WOMENS] == (pytest.approx(0.0688, abs=6e-5), pytest.approx(0.0178, abs=6e-5))


def test_the_campaign_brought_in_what_the_held_out_did_not_spend(home):
    (row,) = published(
        home, "select cast(incremental_revenue as double), roi_basis, attributed_revenue from campaign_roi"
    )
    assert row[0] == pytest.approx(0.769827 * 21_307 + 0.424412 * 21_387, abs=0.1)
    assert row[1:] == ("incremental", 0)
