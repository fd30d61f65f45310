"""Removal effects of the Markov chain, against a worked example and removal by hand (methods.md, section 2.5)."""

import tracemalloc
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orchestration.statistics import attribution

# serhiipuzyrov.com: Google Ads twice to an order, mail once, both once, Google Ads once to nothing.
PUBLISHED = [(["GA"], True), (["GA"], True), (["M"], True), (["GA", "M"], True), (["GA"], False)]


def transitions(paths) -> pd.DataFrame:
    """Moves of paths (campaigns, whether they end in a conversion)."""
    moves = Counter()
    for campaigns, converts in paths:
        states = ["start", *campaigns, "conversion" if converts else "none"]
        moves.update(pairwise(states))
    return pd.DataFrame([(*move, n) for move, n in moves.items()], columns=["from_state", "to_state", "moves"])


def test_the_worked_example():
    chain = transitions(PUBLISHED)
    assert attribution.conversion_probability(chain) == pytest.approx(0.8)
    found = attribution.removals(chain).set_index("campaign_key")
    assert found["removal_effect"].to_dict() == pytest.approx({"GA": 0.75, "M": 0.5})
    assert (4 * found["share"]).to_dict() == pytest.approx({"GA": 2.4, "M": 1.6})


def test_the_removal_effects_of_ten_thousand_published_paths():
    """The example data of the package ChannelAttribution, reduced to its moves (methods.md, section 3.4)."""
    chain = pd.read_csv(Path(__file__).parents[1] / "fixtures" / "channel_transitions.csv")
    assert attribution.conversion_probability(chain) == pytest.approx(0.2238451, abs=5e-8)
    conversions = chain.loc[chain["to_state"] == "conversion", "moves"].sum()
    found = attribution.removals(chain).set_index("campaign_key")
    assert len(found) == 12
    assert found["removal_effect"].to_dict() == pytest.approx(
        {
            "alpha": 0.5584, "iota": 0.4058, "eta": 0.3490, "beta": 0.2640, "theta": 0.2060, "lambda": 0.1340,
            "gamma": 0.0179, "zeta": 0.0398, "kappa": 0.0287, "epsilon": 0.0626, "delta": 0.0005, "mi": 0.0002,
        },
        abs=5e-5,
    )  # fmt: skip
    assert (conversions * found["share"]).to_dict() == pytest.approx(
        {
            "alpha": 5344.9477, "iota": 3884.6147, "eta": 3340.8474, "beta": 2527.3522, "theta": 1971.9129,
            "lambda": 1282.8472, "gamma": 171.15, "zeta": 381.06, "kappa": 274.36, "epsilon": 599.57, "delta": 4.61,
            "mi": 1.72,
        },
        abs=5e-3,
    )  # fmt: skip


def test_nothing_is_shared_out_where_nothing_converts():
    assert attribution.removals(transitions([(["GA"], False), (["M", "GA"], False)])).empty


campaign_paths = st.lists(
    st.tuples(st.lists(st.sampled_from("abcde"), min_size=1, max_size=6), st.booleans()), min_size=1, max_size=30
)


@settings(deadline=None, max_examples=60)
@given(campaign_paths)
def test_an_effect_is_what_the_chain_loses_when_steps_to_the_campaign_end(paths):
    assume(any(converts for _, converts in paths))
    chain = transitions(paths)
    total = attribution.conversion_probability(chain)
    found = attribution.removals(chain)
    assert found["share"].sum() == pytest.approx(1)
    for campaign, effect in zip(found["campaign_key"], found["removal_effect"], strict=True):
        cut = chain.assign(to_state=chain["to_state"].replace(campaign, "none"))
        assert 1 - attribution.conversion_probability(cut) / total == pytest.approx(effect, abs=1e-9)


def test_thousands_of_campaigns_need_no_matrix_of_all_pairs():
    generator = np.random.default_rng(3)
    paths = [
        (list(np.sort(generator.integers(3_000) + generator.integers(40, size=3)).astype(str)), bool(i % 9 == 0))
        for i in range(9_000)
    ]
    tracemalloc.start()
    found = attribution.removals(transitions(paths))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found) > 2_900
    assert found["share"].sum() == pytest.approx(1)
    assert peak < len(found) ** 2 * 8
