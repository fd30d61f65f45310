"""What a micro-conversion is worth: which evidence decides, and worlds whose truth is known."""

import json

import numpy as np
import pandas as pd
import pytest

from orchestration.statistics import values
from orchestration.statistics.ratios import Ratio
from tests.worlds import NO_SEGMENTS, STRATA, confusion, counts, subscribers

NOTHING = Ratio()
NO_ASSOCIATIONS = pd.DataFrame(columns=STRATA)
NO_WEEKS = pd.DataFrame(columns=["conversion", "is_macro", "week_on", "recipients", "subscribers"])


def test_the_pooled_ratio_names_its_arms(hillstrom):
    (row,) = values.values(NO_ASSOCIATIONS, *hillstrom, NO_WEEKS, NO_SEGMENTS).to_dict("records")
    arms = {arm["variant"]: arm["ratio"] for arm in json.loads(row["incremental_ratios"])}
    assert arms == pytest.approx({"Mens E-Mail": 0.0889, "Womens E-Mail": 0.0688}, abs=6e-5)
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
    (row,) = values.values(NO_ASSOCIATIONS, *counts("e", arms), NO_WEEKS, NO_SEGMENTS).to_dict("records")
    assert (row["verdict"], row["evidence_grade"], row["incremental_ratios"]) == ("unproven", None, None)


SURE = 0.0001


@pytest.mark.parametrize(
    ("crude", "adjusted", "placebo", "incremental", "chance", "spikes", "grade", "verdict"),
    [
        (Ratio(3, 2, 4), Ratio(2, 1.5, 3), Ratio(1, 0.9, 1.1), Ratio(0.1, 0.05, 0.2), SURE, 0, "A", "driver"),
        (Ratio(3, 2, 4), Ratio(2, 1.5, 3), Ratio(1, 0.9, 1.1), Ratio(0.1, 0.05, 0.2), 0.001, 0, "A", "unproven"),
        (Ratio(3, 2, 4), Ratio(2, 1.5, 3), Ratio(1, 0.9, 1.1), Ratio(0.1, -0.1, 0.3), SURE, 0, "A", "unproven"),
        (Ratio(3, 2, 4), Ratio(2, 1.5, 3), Ratio(1, 0.9, 1.1), Ratio(0.0, -0.01, 0.005), 0.4, 0, "A", "vanity"),
        (Ratio(3, 2, 4), Ratio(2, 1.5, 3), Ratio(1, 0.9, 1.1), Ratio(0.1, -0.1, 0.3), 0.4, 2, "A", "vanity"),
        (Ratio(3, 2, 4), Ratio(2, 1.5, 3), Ratio(1, 0.9, 1.1), NOTHING, np.nan, 0, "B", "indicator"),
        (Ratio(3, 2, 4), Ratio(2, 1.5, 3), Ratio(2, 1.5, 3), NOTHING, np.nan, 0, "C", "indicator"),
        (Ratio(3, 2, 4), Ratio(2, 1.5, 3), NOTHING, NOTHING, np.nan, 0, "C", "indicator"),
        (Ratio(3, 2, 4), Ratio(1, 0.8, 1.2), Ratio(1, 0.9, 1.1), NOTHING, np.nan, 0, "B", "unproven"),
        (Ratio(3, 2, 4), Ratio(2, 1.5, 3), Ratio(1, 0.9, 1.1), NOTHING, np.nan, 2, "B", "vanity"),
        (NOTHING, NOTHING, NOTHING, NOTHING, np.nan, 0, None, "unproven"),
    ],
)
def test_the_strongest_evidence_decides(crude, adjusted, placebo, incremental, chance, spikes, grade, verdict):
    assert values.judged(crude, adjusted, placebo, incremental, chance, spikes)[:2] == (grade, verdict)


def test_the_more_micro_conversions_are_tried_the_clearer_a_driver_must_be():
    """An effect that chance makes once in five thousand times is a driver alone, and none among twenty."""
    arms = {"A": subscribers(20_000, click=3_000, order=601), "control": subscribers(20_000, click=2_000, order=483)}
    drivers = {}
    for number in (1, 20):
        named = [
            {name: arm.rename(columns={"click": f"click {n}"}) for name, arm in arms.items()} for n in range(number)
        ]
        metrics, overlaps = (
            pd.concat(parts) for parts in zip(*(counts(f"e{n}", arm) for n, arm in enumerate(named)), strict=True)
        )
        found = values.values(NO_ASSOCIATIONS, metrics, overlaps, NO_WEEKS, NO_SEGMENTS)
        assert (found["incremental_ratio_lo"] > 0).all()
        drivers[number] = (found["verdict"] == "driver").sum()
    assert drivers == {1: 1, 20: 0}


def test_an_arm_that_was_set_aside_is_counted_and_named():
    clicks = {"A": 2_000, "control": 1_000}
    arms = {
        name: pd.DataFrame({"click": np.arange(10_000) < clicks[name], "order": np.arange(10_000) % 100 < per_hundred})
        for name, per_hundred in (("A", 6), ("control", 4))
    }
    (row,) = values.values(NO_ASSOCIATIONS, *counts("e", arms), NO_WEEKS, NO_SEGMENTS).to_dict("records")
    assert (row["experiment_arms"], row["experiment_arms_set_aside"]) == (0, 1)
    assert (row["verdict"], row["reason"]) == (
        "unproven",
        "too little data; experiments that moved it may have worked another way",
    )


def test_known_worlds_get_the_verdict_they_deserve():
    matrix, unrandomised = confusion(range(10))
    print(f"\nplanted role (rows) and verdict, with an experiment:\n{matrix}\nwithout one:\n{unrandomised}")
    assert matrix.drop("driver")["driver"].sum() == 0
    assert matrix.loc["driver", "driver"] >= 8
    assert matrix.loc["spike", "vanity"] >= 8
    assert unrandomised["driver"].sum() == 0
    assert unrandomised.loc["driver", "indicator"] == 10
    assert unrandomised.loc["spike", "vanity"] >= 8
