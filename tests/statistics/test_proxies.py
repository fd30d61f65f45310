"""Whether effects on a micro-conversion foretold those on orders, over past experiments and in segments."""

import numpy as np
import pandas as pd

from orchestration.statistics import proxies, randomised
from tests.worlds import SEGMENTS, counts


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
    return randomised.effect_ratios(metrics, overlaps)


def test_a_proxy_that_moves_with_orders_is_told_from_one_that_does_not():
    good = proxies.quality(past_experiments(lambda push, generator: push / 2, seed=1, number=40))
    assert (good["proxy_experiments"], good["proxy_correlation"] > 0.9) == (40, True)
    assert good["proxy_sign_agreement"] > 0.8
    # Orders move as they like; that clickers order more brings the two together by chance alone.
    bad = proxies.quality(
        past_experiments(lambda push, generator: -0.1 * push + generator.uniform(-0.05, 0.05), seed=2, number=40)
    )
    assert abs(bad["proxy_correlation"]) < 0.4
    assert 0.3 < bad["proxy_sign_agreement"] < 0.7


def test_few_experiments_tell_nothing_of_a_proxy():
    found = proxies.quality(past_experiments(lambda push, generator: push / 2, seed=3, number=7))
    assert found["proxy_experiments"] == 7
    assert np.isnan([found["proxy_correlation"], found["proxy_sign_agreement"]]).all()


def segments_of(effects, *, seed, n=6_000):
    """Past experiments in segments; per segment, what a push of the clicks does to orders."""
    generator = np.random.default_rng(seed)
    rows, arms = [], []
    for experiment in range(12):
        push = generator.uniform(0.03, 0.12) * (-1) ** experiment
        crowds = {"A": [], "control": []}
        for segment, effect in effects.items():
            for variant, sign in (("A", 1), ("control", 0)):
                click = generator.random(n) < 0.3 + sign * push
                order = generator.random(n) < 0.15 + sign * push * effect
                crowds[variant].append(pd.DataFrame({"click": click, "order": order}))
                rows.append(
                    (f"e{experiment}", variant, sign == 0, segment, "click", "order", n, click.sum(), order.sum(),
                     (click & order).sum())
                )  # fmt: skip
        arms.append(
            counts(f"e{experiment}", {name: pd.concat(crowd, ignore_index=True) for name, crowd in crowds.items()})
        )
    metrics, overlaps = (pd.concat(parts) for parts in zip(*arms, strict=True))
    return pd.DataFrame(rows, columns=SEGMENTS), randomised.effect_ratios(metrics, overlaps)


def test_a_segment_in_which_orders_go_the_other_way_is_named():
    segments, arms = segments_of({"engaged": 0.8, "lapsed": -0.6, "new": 0.8}, seed=4)
    (found,) = proxies.fragility(segments, arms).to_dict("records")
    assert found == {
        "micro_conversion": "click", "macro_conversion": "order", "proxy_segments": 3, "proxy_fragility": 1 / 3,
        "proxy_fragile_segments": "lapsed",
    }  # fmt: skip


def test_a_proxy_that_holds_everywhere_is_not_fragile_and_chance_makes_none_so():
    found = [proxies.fragility(*segments_of({"engaged": 0.8, "new": 0.6, "idle": 0.0}, seed=seed)) for seed in range(8)]
    assert all(len(rows) == 1 for rows in found)
    assert all(rows["proxy_fragility"].iloc[0] == 0 for rows in found)
    # Of a segment whose orders do not move nothing is told, but for one in twenty.
    assert sum(rows["proxy_segments"].iloc[0] == 2 for rows in found) >= 7


def test_nothing_is_told_of_segments_that_few_experiments_or_subscribers_reached():
    segments, arms = segments_of({"engaged": 0.8, "new": 0.8}, seed=5)
    few = segments[(segments["segment"] == "engaged") | (segments["experiment"] < "e3")]
    assert proxies.fragility(few, arms)["proxy_segments"].tolist() == [1]
    assert proxies.fragility(segments.assign(n=29), arms).empty
    assert proxies.fragility(segments, arms[:0]).empty
    assert proxies.fragility(segments[:0], arms).empty
