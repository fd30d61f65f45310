"""What an experiment shows: verdicts, adjustments and the golden figures of a real one."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from orchestration.statistics import experiments
from tests.shared import HILLSTROM as HILLSTROM_DATA
from tests.shared import needs

# methods.md, section 3.1: subscribers, visits, orders, spend, standard deviation of spend.
HILLSTROM = {
    "mens": (21_307, 3_894, 267, 30_311.69, 17.75421),
    "womens": (21_387, 3_238, 189, 23_038.11, 15.11611),
    "control": (21_306, 2_262, 122, 13_908.33, 11.58820),
}
PAST = {"sum_x": 0.0, "sum_xx": 0.0, "sum_xy": 0.0}


def rate(variant, successes, n, *, metric="order_rate", experiment="e", control="control", **changes):
    """An arm's row of a rate."""
    arm = {
        "experiment": experiment, "metric": metric, "variant": variant, "is_mean": False, "is_closed": True,
        "is_control": None if control is None else variant == control,
        "assigned": n, "share": 1.0, "n": n, "successes": successes, "sum_y": successes, "sum_yy": successes, **PAST,
    }  # fmt: skip
    return {**arm, **changes}


def results(*arms):
    return experiments.results(pd.DataFrame(arms)).set_index(["metric", "variant"])


def verdict(*arms, variant="A"):
    return results(*arms).xs(variant, level="variant")["verdict"].iloc[0]


@pytest.fixture(scope="module")
def hillstrom():
    arms = []
    for variant, (n, visits, orders, spend, deviation) in HILLSTROM.items():
        arms.append(rate(variant, visits, n, metric="visit"))
        arms.append(rate(variant, orders, n, metric="order"))
        squares = deviation**2 * (n - 1) + spend**2 / n
        arms.append(rate(variant, orders, n, metric="spend", is_mean=True, sum_y=spend, sum_yy=squares))
    return results(*arms)


@pytest.mark.parametrize(
    ("metric", "variant", "effect", "z", "p_value", "lo", "hi", "always_lo", "always_hi"),
    [
        ("visit", "mens", 0.0765896, 22.48604, 5.685e-112, 0.069953, 0.083227, 0.065686, 0.087493),
        ("order", "mens", 0.0068050, 7.385114, 1.5232e-13, 0.005014, 0.008641, 0.003839, 0.009771),
        ("visit", "womens", 0.0452331, 13.94918, 3.1824e-44, 0.038894, 0.051574, 0.034816, 0.055650),
        ("order", "womens", 0.0031111, 3.779561, 1.57105e-04, 0.001502, 0.004745, 0.000462, 0.005761),
    ],
)
def test_hillstroms_rates(hillstrom, metric, variant, effect, z, p_value, lo, hi, always_lo, always_hi):
    row = hillstrom.loc[(metric, variant)]
    assert row["effect"] == pytest.approx(effect, abs=1e-6)
    assert row["z"] == pytest.approx(z, abs=1e-5)
    assert row["p_value"] == pytest.approx(p_value, rel=1e-4)
    assert [row["effect_lo"], row["effect_hi"]] == pytest.approx([lo, hi], abs=1e-6)
    assert [row["always_valid_lo"], row["always_valid_hi"]] == pytest.approx([always_lo, always_hi], abs=1e-6)
    assert row["verdict"] == "better"


@pytest.mark.parametrize(
    ("variant", "effect", "t", "p_value"),
    [("mens", 0.769827, 5.300140, 1.16381e-07), ("womens", 0.424412, 3.256372, 0.00112940)],
)
def test_hillstroms_spend(hillstrom, variant, effect, t, p_value):
    row = hillstrom.loc[("spend", variant)]
    assert row["effect"] == pytest.approx(effect, abs=1e-6)
    assert row["z"] == pytest.approx(t, rel=1e-5)
    assert row["p_value"] == pytest.approx(p_value, rel=1e-4)


def test_hillstroms_spend_to_the_digits_of_welch(hillstrom):
    """Degrees of freedom 36671.16 and 40064.88, standard errors .145247 and .130333."""
    for variant, freedom, error in (("mens", 36671.16, 0.145247), ("womens", 40064.88, 0.130333)):
        row = hillstrom.loc[("spend", variant)]
        assert row["effect"] / row["z"] == pytest.approx(error, abs=1e-6)
        half = stats.t.ppf(0.975, freedom) * error
        assert [row["effect_lo"], row["effect_hi"]] == pytest.approx(
            [row["effect"] - half, row["effect"] + half], abs=3e-6
        )


@needs(HILLSTROM_DATA)
@pytest.mark.parametrize(
    ("outcome", "past", "reduction"),
    [("spend", "history", 0.0004), ("visit", "recency", 0.0066)],
)
def test_hillstroms_past_is_not_worth_an_adjustment(monkeypatch, outcome, past, reduction):
    """The past explains .04 % of spend's variance (r .0209) and .66 % of visits', .64 % with the arms taken as one: too
    little to decide."""
    table = pd.read_csv(HILLSTROM_DATA)
    arms = []
    for variant, segment in (("mens", "Mens E-Mail"), ("control", "No E-Mail")):
        of_arm = table[table["segment"] == segment]
        y, x = of_arm[outcome].to_numpy(dtype=float), of_arm[past].to_numpy(dtype=float)
        sums = {"sum_y": y.sum(), "sum_yy": (y**2).sum(), "sum_x": x.sum(), "sum_xx": (x**2).sum()}
        arms.append(rate(variant, int((y > 0).sum()), len(y), is_mean=True, **sums, sum_xy=(x * y).sum()))
    assert np.isnan(results(*arms).loc[("order_rate", "mens"), "variance_reduction"])
    monkeypatch.setattr(experiments, "LEAST_VARIANCE_REDUCTION", 0.0)
    found = results(*arms).loc[("order_rate", "mens"), "variance_reduction"]
    assert found == pytest.approx(reduction, abs=6e-5)


def test_hillstroms_p_values_are_adjusted_for_all_six(hillstrom):
    order = [(metric, variant) for variant in ("mens", "womens") for metric in ("visit", "order", "spend")]
    assert list(hillstrom.loc[order, "p_adjusted"]) == pytest.approx(
        [3.411e-111, 6.093e-13, 3.491e-07, 1.591e-43, 3.142e-04, 1.129e-03], rel=5e-4
    )


def test_hillstroms_arms_are_of_the_intended_size(hillstrom):
    assert list(hillstrom["srm_p_value"]) == pytest.approx([0.903693] * 6, abs=1e-6)


def test_mens_against_womens():
    mens, womens = HILLSTROM["mens"], HILLSTROM["womens"]
    arms = [
        rate(variant, arm[i], arm[0], metric=metric)
        for i, metric in ((1, "visit"), (2, "order"))
        for variant, arm in (("mens", mens), ("control", womens))
    ]
    found = results(*arms).xs("mens", level="variant")
    assert list(found.loc[["visit", "order"], "z"]) == pytest.approx([8.684558, 3.712584], abs=1e-6)
    assert found.loc["order", "p_value"] == pytest.approx(2.0515e-4, rel=1e-4)


def test_a_skewed_assignment_blocks_the_verdict():
    assert verdict(rate("A", 200, 1_000), rate("control", 50, 800)) == "invalid_sample_ratio"


def test_an_arm_that_hardly_anybody_got_blocks_the_others_too():
    arms = rate("A", 200, 1_000), rate("C", 1, 5), rate("control", 100, 1_000)
    assert verdict(*arms) == "invalid_sample_ratio"
    assert verdict(rate("A", 2, 7), rate("control", 1, 1)) == "too_little_data"


def test_an_arm_that_was_to_have_subscribers_and_has_none_blocks_the_verdict():
    assert verdict(rate("A", 200, 1_000, share=95), rate("control", 0, 0, share=5)) == "invalid_sample_ratio"


def test_an_intended_skew_blocks_nothing():
    assert verdict(rate("A", 200, 1_000, share=10), rate("control", 5, 100, share=1)) == "better"


def test_subscribers_in_an_arm_that_was_to_have_none_block_the_verdict():
    assert verdict(rate("A", 200, 1_000, share=0), rate("control", 100, 1_000)) == "invalid_sample_ratio"
    assert verdict(rate("A", 200, 1_000, share=0), rate("control", 100, 1_000, share=0)) == "invalid_sample_ratio"


@pytest.mark.parametrize(
    "arms",
    [
        [rate("A", 0, 0), rate("control", 0, 0)],
        [rate("A", 1, 1), rate("control", 0, 1)],
        [rate("A", 100, 100), rate("control", 100, 100)],
        [rate("A", 0, 100, is_mean=True), rate("control", 0, 100, is_mean=True)],
        [rate("A", 100, 100, is_mean=True), rate("control", 100, 100, is_mean=True)],
        [rate("A", 0, 0, is_mean=True, assigned=100), rate("control", 50, 100, is_mean=True)],
    ],
    ids=["nobody", "one each", "everybody", "no revenue", "all the same revenue", "an arm of nobody"],
)
def test_what_does_not_vary_or_was_not_measured_is_too_little_data(arms):
    assert verdict(*arms) == "too_little_data"


def test_a_figure_that_an_arm_of_nobody_does_not_have_is_absent():
    row = results(rate("A", 0, 0), rate("control", 100, 1_000)).iloc[0]
    assert row[["effect", "always_valid_lo", "minimum_detectable_effect"]].isna().all()


def test_all_against_none_is_shown_while_windows_are_open_too():
    for is_closed in (True, False):
        arms = rate("A", 100, 100, is_closed=is_closed), rate("control", 0, 100, is_closed=is_closed)
        assert verdict(*arms) == "better"


@pytest.mark.parametrize(
    ("x", "n", "x_0", "n_0"), [(13, 747, 0, 152), (12, 747, 1, 152), (76, 11_088, 1, 86), (40, 40, 0, 40)]
)
def test_what_holds_at_every_look_claims_no_more_than_what_holds_at_one(x, n, x_0, n_0):
    """An arm of few or no conversions has next to no variance of its own."""
    row = results(rate("A", x, n), rate("control", x_0, n_0)).iloc[0]
    assert row["always_valid_lo"] <= row["effect_lo"] < row["effect_hi"] <= row["always_valid_hi"]


def test_a_control_alone_is_compared_with_nothing_and_one_huge_order_shows_nothing():
    assert experiments.results(pd.DataFrame([rate("control", 5, 100)])).empty
    amounts = {"sum_y": 1e9, "sum_yy": 1e18}, {"sum_y": 100.0, "sum_yy": 4_000.0}
    arms = (rate(arm, 6, 1_000, is_mean=True, **sums) for arm, sums in zip(("A", "control"), amounts, strict=True))
    assert verdict(*arms) == "no_difference_shown"


def test_few_subscribers_or_few_events_are_too_little_data():
    assert verdict(rate("A", 20, 29), rate("control", 1, 29)) == "too_little_data"
    assert verdict(rate("A", 9, 500), rate("control", 0, 500)) == "too_little_data"
    assert verdict(rate("A", 500, 500), rate("control", 491, 500)) == "too_little_data"
    assert verdict(rate("A", 5, 50), {**rate("control", 0, 50), "n": 0}) == "too_little_data"


def test_a_variant_may_be_worse_or_not_shown_to_differ():
    assert verdict(rate("A", 50, 1_000), rate("control", 150, 1_000)) == "worse"
    assert verdict(rate("A", 100, 1_000), rate("control", 110, 1_000)) == "no_difference_shown"


def test_what_the_end_would_show_is_not_yet_shown_while_windows_are_open():
    arms = rate("A", 130, 1_000), rate("control", 100, 1_000)
    assert verdict(*arms) == "better"
    assert verdict(*({**arm, "is_closed": False} for arm in arms)) == "no_difference_shown"
    clear = rate("A", 250, 1_000, is_closed=False), rate("control", 100, 1_000, is_closed=False)
    assert verdict(*clear) == "better"


def test_while_windows_are_open_many_metrics_must_show_more_than_one():
    """What is just shown alone is not, as one of twelve."""
    arms = [rate("A", 151, 1_000, is_closed=False), rate("control", 100, 1_000, is_closed=False)]
    assert verdict(*arms) == "better"
    others = [
        rate(arm, 100, 1_000, metric=f"metric_{number}", is_closed=False)
        for number in range(11)
        for arm in ("A", "control")
    ]
    row = results(*arms, *others).loc[("order_rate", "A")]
    assert (row["verdict"], row["always_valid_lo"] > 0) == ("no_difference_shown", True)


def test_without_a_known_control_there_is_no_verdict_and_a_reason():
    found = results(rate("A", 130, 1_000, control=None), rate("B", 100, 1_000, control=None))
    assert len(found) == 2
    assert found["verdict"].isna().all()
    assert set(found["reason"]) == {"no arm is known to be the control"}
    assert found[["control", "effect", "p_value"]].isna().all(axis=None)


def test_a_metric_that_nobody_shows_does_not_weaken_the_others():
    arms = [rate("A", 130, 1_000), rate("control", 100, 1_000)]
    silent = [rate(arm, 0, 1_000, metric="download_rate") for arm in ("A", "control")]
    assert results(*arms, *silent).loc[("order_rate", "A"), "p_adjusted"] == pytest.approx(
        results(*arms).loc[("order_rate", "A"), "p_value"]
    )


def test_the_past_narrows_an_effect_by_its_squared_correlation_and_leaves_it_unbiased():
    generator = np.random.default_rng(7)
    arms = []
    for variant, lift in (("A", 1.0), ("control", 0.0)):
        past = generator.normal(20, 5, size=4_000)
        present = past + generator.normal(lift, 5, size=4_000)
        sums = {"sum_y": present.sum(), "sum_yy": (present**2).sum(), "sum_x": past.sum(), "sum_xx": (past**2).sum()}
        arms.append(rate(variant, 4_000, 4_000, is_mean=True, **sums, sum_xy=(past * present).sum()))
    found = results(*arms).loc[("order_rate", "A")]
    assert found["variance_reduction"] == pytest.approx(0.5, abs=0.03)
    assert found["adjusted_effect_lo"] < 1.0 < found["adjusted_effect_hi"]
    width, adjusted_width = (found[f"{n}_hi"] - found[f"{n}_lo"] for n in ("effect", "adjusted_effect"))
    assert adjusted_width / width == pytest.approx(np.sqrt(0.5), abs=0.03)


def with_a_past(lift, *, n=2_000, noise=2.0, seed=0, **changes):
    """Two arms of a mean that the past explains but for `noise`; deviation of the past 5."""
    generator = np.random.default_rng(seed)
    for variant, push in (("A", lift), ("control", 0.0)):
        past = generator.normal(20, 5, size=n)
        present = past + generator.normal(push, noise, size=n)
        sums = {"sum_y": present.sum(), "sum_yy": (present**2).sum(), "sum_x": past.sum(), "sum_xx": (past**2).sum()}
        yield rate(variant, n, n, is_mean=True, **sums, sum_xy=(past * present).sum(), **changes)


def test_what_the_past_narrows_decides_at_the_end_and_so_far():
    closed = results(*with_a_past(0.25)).loc[("order_rate", "A")]
    assert (closed["p_value"] > 0.05, closed["verdict_p_value"] < 0.05) == (True, True)
    assert closed["verdict"] == "better"
    assert closed["reason"].endswith("narrowed by the subscribers' past")
    running = results(*with_a_past(0.35, is_closed=False)).loc[("order_rate", "A")]
    assert running["always_valid_lo"] < 0 < running["adjusted_always_valid_lo"]
    assert running["verdict"] == "better"


def test_narrowing_by_the_past_errs_no_more_often():
    arms = [arm for seed in range(400) for arm in with_a_past(0.0, n=200, seed=seed, experiment=str(seed))]
    found = results(*arms)
    assert found["variance_reduction"].notna().all()
    assert (found["verdict"] != "no_difference_shown").mean() == pytest.approx(0.05, abs=0.03)


def test_p_values_decide_as_they_are_where_no_past_narrows(hillstrom):
    assert (hillstrom["verdict_p_value"] == hillstrom["p_adjusted"]).all()


def test_a_past_that_explains_nothing_adjusts_nothing(hillstrom):
    assert hillstrom[["adjusted_effect", "variance_reduction"]].isna().all(axis=None)
