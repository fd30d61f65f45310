"""What an extra micro-conversion brings in: golden ratios, arms that tell nothing, and how often chance is believed."""

import numpy as np
import pandas as pd
import pytest

from orchestration.statistics import randomised
from tests.worlds import METRICS, OVERLAPS, counts, subscribers


def test_hillstroms_orders_per_extra_visit(hillstrom):
    found = randomised.effect_ratios(*hillstrom).set_index("variant")
    assert found.loc["Mens E-Mail", ["ratio", "standard_error"]].tolist() == pytest.approx([0.0889, 0.0118], abs=5e-5)
    assert found.loc["Womens E-Mail", ["ratio", "standard_error"]].tolist() == pytest.approx([0.0688, 0.0178], abs=6e-5)
    assert found["is_usable"].all()


def test_arms_that_move_two_unrelated_micro_conversions_tell_neither_apart():
    def arm(clicks, videos, orders):
        done = subscribers(10_000, click=clicks, order=orders)
        return done.assign(video=np.arange(10_000) >= 10_000 - videos)

    found = randomised.effect_ratios(*counts("e", {"A": arm(3_000, 3_000, 600), "control": arm(2_000, 2_000, 400)}))
    assert not found["is_usable"].any()
    alone = randomised.effect_ratios(*counts("e", {"A": arm(3_000, 2_000, 600), "control": arm(2_000, 2_000, 400)}))
    assert alone[alone["is_usable"]]["micro_conversion"].tolist() == ["click"]
    assert np.isnan(alone.set_index("micro_conversion").loc["video", "ratio"])


def test_steps_of_one_path_do_not_stand_in_each_others_way():
    arms = {
        "A": subscribers(10_000, click=3_000, download=1_500, order=600),
        "control": subscribers(10_000, click=2_000, download=1_000, order=400),
    }
    assert randomised.effect_ratios(*counts("e", arms))["is_usable"].all()


def test_arms_share_the_noise_of_their_common_control():
    """Ratios of 29 arms that differ from the control by its own noise alone are no 29 experiments."""
    arm = subscribers(5_000, click=1_000, order=200)
    control = subscribers(5_000, click=700, order=160)
    one = randomised.effect_ratios(*counts("e", {"A": arm, "control": control}))
    many = randomised.effect_ratios(*counts("e", {**{f"A{n}": arm for n in range(29)}, "control": control}))
    alone, together = randomised.pooled(one), randomised.pooled(many)
    assert together.value == pytest.approx(alone.value)
    assert together.hi - together.lo == pytest.approx((alone.hi - alone.lo) * np.sqrt((1 + 1 / 29) / 2))
    assert randomised.p_value_of_nothing(one) / 20 < randomised.p_value_of_nothing(many)
    apart = pd.concat(one.assign(experiment=f"e{n}") for n in range(29))
    assert randomised.pooled(apart).hi - randomised.pooled(apart).lo == pytest.approx(
        (alone.hi - alone.lo) / np.sqrt(29)
    )
    assert randomised.p_value_of_nothing(apart) < 1e-9


def test_a_small_control_without_an_order_proves_nothing():
    arms = {"A": subscribers(3_800, click=1_900, order=100), "control": subscribers(200, click=20, order=0)}
    found = randomised.effect_ratios(*counts("e", arms))
    assert found["is_usable"].all()
    assert randomised.pooled(found).lo > 0.03
    assert randomised.p_value_of_nothing(found) > 0.005


def test_an_arm_that_brings_in_orders_without_the_micro_conversion_tells_nothing_of_it():
    def arm(clicks, orders_of_clickers, orders_of_others):
        click = np.arange(10_000) < clicks
        order = (np.arange(10_000) < orders_of_clickers) | (np.arange(10_000) >= 10_000 - orders_of_others)
        return pd.DataFrame({"click": click, "order": order})

    control = arm(1_000, 100, 270)
    through_clicks = randomised.effect_ratios(*counts("e", {"A": arm(2_000, 200, 240), "control": control}))
    assert through_clicks[["is_moved", "is_usable"]].all(axis=None)
    everybody = randomised.effect_ratios(*counts("e", {"A": arm(2_000, 200, 320), "control": control}))
    assert (everybody["is_moved"].all(), everybody["is_usable"].any()) == (True, False)
    # An arm that keeps subscribers from clicking is the same the other way round.
    reverse = randomised.effect_ratios(*counts("e", {"A": control, "control": arm(2_000, 200, 320)}))
    assert (reverse["is_moved"].all(), reverse["is_usable"].any()) == (True, False)


def test_orders_that_rise_alike_with_and_without_the_micro_conversion_are_nothing_of_its_own():
    """A tenth more clicks and a third more orders, of clickers and others alike: clear, but not the clicks' doing."""

    def arm(clicks, per_thousand):
        return pd.DataFrame({"click": np.arange(20_000) < clicks, "order": np.arange(20_000) % 1_000 < per_thousand})

    found = randomised.effect_ratios(*counts("e", {"A": arm(12_000, 40), "control": arm(10_000, 30)}))
    assert randomised.pooled(found).lo > 0
    assert found["attributed"].tolist() == pytest.approx([0.0])
    assert randomised.p_value_of_nothing(found) == pytest.approx(0.5)


def test_a_step_that_orders_do_not_need_is_no_step_on_the_way():
    """Downloads follow clicks and rise with them, but the extra orders are of clickers without a download."""

    def arm(clicks, downloads, orders):
        rank = np.arange(10_000)
        return pd.DataFrame(
            {
                "click": rank < clicks,
                "download": rank < downloads,
                "order": (rank >= downloads) & (rank < downloads + orders),
            }
        )

    found = randomised.effect_ratios(
        *counts("e", {"A": arm(3_000, 600, 600), "control": arm(2_000, 400, 300)})
    ).set_index("micro_conversion")
    assert found["is_usable"].to_dict() == {"click": True, "download": False}


def test_experiments_without_a_control_or_a_micro_conversion_have_no_ratio():
    metrics, overlaps = counts(
        "e", {"A": subscribers(100, click=50, order=10), "B": subscribers(100, click=20, order=5)}
    )
    assert randomised.effect_ratios(metrics, overlaps).empty
    arms = {"A": subscribers(100, order=10), "control": subscribers(100, order=5)}
    assert randomised.effect_ratios(*counts("e", arms)).empty


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("arm", "control"),
    [
        ((100, 50, 10), (0, 0, 0)),
        ((100, 0, 0), (100, 0, 0)),
        ((100, 100, 100), (100, 100, 100)),
        ((100, 100, 60), (100, 50, 20)),
    ],
    ids=["nobody held out", "nobody does anything", "everybody does everything", "everybody of an arm does it"],
)
def test_arms_of_nobody_or_of_people_all_alike_tell_nothing(arm, control):
    arms = {name: subscribers(n, click=x, order=y) for name, (n, x, y) in (("A", arm), ("control", control))}
    assert not randomised.effect_ratios(*counts("e", arms))["is_usable"].any()


def test_chance_is_believed_no_more_often_than_it_says():
    """Orders do not depend on clicks; arms of all sizes, three to a control."""
    generator = np.random.default_rng(11)
    metrics, overlaps = [], []
    for replay in range(2_000):
        n, n_0 = generator.integers(300, 6_000, size=2)
        for variant, size, clicks in (("A", n, 0.5), ("B", n, 0.4), ("C", n, 0.3), ("control", n_0, 0.15)):
            click, order = generator.binomial(size, [clicks, 0.04])
            for conversion, done in (("click", click), ("order", order)):
                metrics.append((replay, variant, variant == "control", conversion, conversion == "order", size, done))
            both = generator.hypergeometric(click, size - click, order)
            overlaps.append((replay, variant, "click", "order", both))
    found = randomised.effect_ratios(pd.DataFrame(metrics, columns=METRICS), pd.DataFrame(overlaps, columns=OVERLAPS))
    moved = found[found["is_moved"]]
    p_values = np.array([randomised.p_value_of_nothing(arms) for _, arms in moved.groupby("experiment")])
    print(f"\nof {len(p_values):,} experiments with nothing to find, {(p_values < 0.01).mean():.2%} are below 1 %")
    assert len(p_values) > 1_800
    for level, most in ((0.05, 0.06), (0.01, 0.014), (0.001, 0.0025)):
        assert np.mean(p_values < level) <= most, level
    # Set aside are few: one in twenty at most.
    assert found.loc[found["is_moved"], "is_usable"].mean() > 0.94
