"""What a micro-conversion is worth: golden ratios, and worlds whose truth is known."""

import json

import numpy as np
import pandas as pd
import pytest

from orchestration.statistics import values
from orchestration.statistics.values import Ratio
from tests.worlds import STRATA, confusion, counts

NOTHING = Ratio()
NO_ASSOCIATIONS = pd.DataFrame(columns=STRATA)
NO_WEEKS = pd.DataFrame(columns=["conversion", "is_macro", "week_on", "recipients", "subscribers"])
# methods.md, section 3.1: customers, visits, orders; every order follows a visit.
HILLSTROM = {"mens": (21_307, 3_894, 267), "womens": (21_387, 3_238, 189), "control": (21_306, 2_262, 122)}


def subscribers(n, **counts_of):
    """A table of n subscribers of whom the first so many did each."""
    return pd.DataFrame({name: np.arange(n) < done for name, done in counts_of.items()})


@pytest.fixture(scope="module")
def hillstrom():
    arms = {arm: subscribers(n, visit=visits, order=orders) for arm, (n, visits, orders) in HILLSTROM.items()}
    return counts("hillstrom", arms)


def test_hillstroms_orders_per_extra_visit(hillstrom):
    found = values.effect_ratios(*hillstrom).set_index("variant")
    assert found.loc["mens", ["ratio", "standard_error"]].tolist() == pytest.approx([0.0889, 0.0118], abs=5e-5)
    assert found.loc["womens", ["ratio", "standard_error"]].tolist() == pytest.approx([0.0688, 0.0178], abs=6e-5)
    assert found["is_usable"].all()


def test_arms_that_move_two_unrelated_micro_conversions_tell_neither_apart():
    def arm(clicks, videos, orders):
        done = subscribers(10_000, click=clicks, order=orders)
        return done.assign(video=np.arange(10_000) >= 10_000 - videos)

    found = values.effect_ratios(*counts("e", {"A": arm(3_000, 3_000, 600), "control": arm(2_000, 2_000, 400)}))
    assert not found["is_usable"].any()
    alone = values.effect_ratios(*counts("e", {"A": arm(3_000, 2_000, 600), "control": arm(2_000, 2_000, 400)}))
    assert alone[alone["is_usable"]]["micro_conversion"].tolist() == ["click"]
    assert np.isnan(alone.set_index("micro_conversion").loc["video", "ratio"])


def test_the_pooled_ratio_names_its_arms(hillstrom):
    (row,) = values.values(NO_ASSOCIATIONS, *hillstrom, NO_WEEKS).to_dict("records")
    arms = {arm["variant"]: arm["ratio"] for arm in json.loads(row["incremental_ratios"])}
    assert arms == pytest.approx({"mens": 0.0889, "womens": 0.0688}, abs=6e-5)
    assert (row["verdict"], row["experiment_arms"]) == ("driver", 2)


@pytest.mark.parametrize(
    ("n", "clicks", "orders"),
    [(25, (20, 3), (18, 2)), (60, (30, 5), (0, 1)), (1_000, (500, 100), (3, 0))],
    ids=["few subscribers", "few orders", "orders of one arm only"],
)
def test_a_small_experiment_neither_makes_a_driver_nor_a_vanity(n, clicks, orders):
    arms = {
        name: subscribers(n, click=click, order=order)
        for name, click, order in zip(("A", "control"), clicks, orders, strict=True)
    }
    (row,) = values.values(NO_ASSOCIATIONS, *counts("e", arms), NO_WEEKS).to_dict("records")
    assert (row["verdict"], row["evidence_grade"], row["incremental_ratios"]) == ("unproven", None, None)


def past_experiments(effect_on_order, *, seed, number=12, n=4_000):
    """Experiments that move clicks by up to a tenth, and orders by what `effect_on_order` makes of that."""
    generator = np.random.default_rng(seed)
    found = []
    for experiment in range(number):
        push = generator.uniform(-0.1, 0.1)
        extra = effect_on_order(push, generator)
        arms = {}
        for name, sign in (("A", 1), ("control", 0)):
            click = generator.random(n) < 0.3 + sign * push
            arms[name] = pd.DataFrame(
                {"click": click, "order": generator.random(n) < 0.06 + 0.1 * click + sign * extra}
            )
        found.append(counts(f"e{experiment}", arms))
    metrics, overlaps = (pd.concat(parts) for parts in zip(*found, strict=True))
    return values.effect_ratios(metrics, overlaps)


def test_a_proxy_that_moves_with_orders_is_told_from_one_that_does_not():
    good = values.proxy_quality(past_experiments(lambda push, generator: push / 2, seed=1, number=40))
    assert (good["proxy_experiments"], good["proxy_correlation"] > 0.9) == (40, True)
    assert good["proxy_sign_agreement"] > 0.8
    # Orders move as they like; that clickers order more brings the two together by chance alone.
    bad = values.proxy_quality(
        past_experiments(lambda push, generator: -0.1 * push + generator.uniform(-0.05, 0.05), seed=2, number=40)
    )
    assert abs(bad["proxy_correlation"]) < 0.4
    assert 0.3 < bad["proxy_sign_agreement"] < 0.7


def test_few_experiments_tell_nothing_of_a_proxy():
    found = values.proxy_quality(past_experiments(lambda push, generator: push / 2, seed=3, number=7))
    assert found["proxy_experiments"] == 7
    assert np.isnan([found["proxy_correlation"], found["proxy_sign_agreement"]]).all()


def test_steps_of_one_path_do_not_stand_in_each_others_way():
    arms = {
        "A": subscribers(10_000, click=3_000, download=1_500, order=600),
        "control": subscribers(10_000, click=2_000, download=1_000, order=400),
    }
    assert values.effect_ratios(*counts("e", arms))["is_usable"].all()


def test_a_ratio_over_strata_undoes_what_the_strata_explain():
    strata = pd.DataFrame(
        [("engaged", 900, 90, 100, 10), ("dormant", 100, 1, 900, 9)],
        columns=["stratum", "n_with", "x_with", "n_without", "x_without"],
    )
    assert values.stratified_ratio(strata.assign(stratum="all")).lo > 2
    assert values.stratified_ratio(strata).value == pytest.approx(1)


def test_the_interval_of_a_ratio_is_katzs_where_there_is_one_stratum():
    one = pd.DataFrame([("all", 100, 30, 200, 20)], columns=["stratum", "n_with", "x_with", "n_without", "x_without"])
    found = values.stratified_ratio(one)
    error = np.sqrt(1 / 30 - 1 / 100 + 1 / 20 - 1 / 200)
    assert [found.value, found.lo, found.hi] == pytest.approx(3 * np.exp([0, -1.959964 * error, 1.959964 * error]))


def test_few_subscribers_or_events_give_no_ratio():
    columns = ["stratum", "n_with", "x_with", "n_without", "x_without"]
    assert np.isnan(values.stratified_ratio(pd.DataFrame([("all", 29, 20, 100, 20)], columns=columns)).value)
    assert np.isnan(values.stratified_ratio(pd.DataFrame([("all", 100, 2, 100, 2)], columns=columns)).value)


@pytest.mark.parametrize(
    ("crude", "adjusted", "placebo", "incremental", "spikes", "grade", "verdict"),
    [
        (Ratio(3, 2, 4), Ratio(2, 1.5, 3), Ratio(1, 0.9, 1.1), Ratio(0.1, 0.05, 0.2), 0, "A", "driver"),
        (Ratio(3, 2, 4), Ratio(2, 1.5, 3), Ratio(1, 0.9, 1.1), Ratio(0.1, 0.02, 0.18), 0, "A", "unproven"),
        (Ratio(3, 2, 4), Ratio(2, 1.5, 3), Ratio(1, 0.9, 1.1), Ratio(0.0, -0.01, 0.005), 0, "A", "vanity"),
        (Ratio(3, 2, 4), Ratio(2, 1.5, 3), Ratio(1, 0.9, 1.1), Ratio(0.1, -0.1, 0.3), 0, "A", "unproven"),
        (Ratio(3, 2, 4), Ratio(2, 1.5, 3), Ratio(1, 0.9, 1.1), Ratio(0.1, -0.1, 0.3), 2, "A", "vanity"),
        (Ratio(3, 2, 4), Ratio(2, 1.5, 3), Ratio(1, 0.9, 1.1), NOTHING, 0, "B", "indicator"),
        (Ratio(3, 2, 4), Ratio(2, 1.5, 3), Ratio(2, 1.5, 3), NOTHING, 0, "C", "indicator"),
        (Ratio(3, 2, 4), Ratio(2, 1.5, 3), NOTHING, NOTHING, 0, "C", "indicator"),
        (Ratio(3, 2, 4), Ratio(1, 0.8, 1.2), Ratio(1, 0.9, 1.1), NOTHING, 0, "B", "unproven"),
        (Ratio(3, 2, 4), Ratio(2, 1.5, 3), Ratio(1, 0.9, 1.1), NOTHING, 2, "B", "vanity"),
        (NOTHING, NOTHING, NOTHING, NOTHING, 0, None, "unproven"),
    ],
)
def test_the_strongest_evidence_decides(crude, adjusted, placebo, incremental, spikes, grade, verdict):
    assert values.judged(crude, adjusted, placebo, incremental, spikes)[:2] == (grade, verdict)


def test_known_worlds_get_the_verdict_they_deserve():
    matrix, unrandomised = confusion(range(12))
    print(f"\nplanted role (rows) and verdict, with an experiment:\n{matrix}\nwithout one:\n{unrandomised}")
    assert matrix.loc[["confounded", "spike"], "driver"].sum() == 0
    assert matrix.loc["driver", "driver"] == 12
    assert matrix.loc["spike", "vanity"] >= 10
    assert unrandomised["driver"].sum() == 0
    assert unrandomised.loc["driver", "indicator"] == 12
    assert unrandomised.loc["spike", "vanity"] >= 10
