"""Shares of the next spend."""

import numpy as np
import pandas as pd
import pytest

from orchestration.statistics import spending


def returns(values, errors, spend=10.0):
    rows = range(len(values))
    return pd.DataFrame(
        {
            "campaign_key": [f"k{i:03}" for i in rows],
            "spend": spend,
            "basis_revenue": np.array(values) * spend,
            "basis_standard_error": np.array(errors) * spend,
        }
    )


def test_clear_evidence_gets_nearly_everything_and_equal_evidence_equal_shares():
    clear = spending.shares(returns([1, 1, 9], [0.3, 0.3, 0.3]))
    assert clear["suggested_share"].iloc[2] > 0.99
    equal = spending.shares(returns([2, 2, 2, 2], [1, 1, 1, 1]))
    assert equal["suggested_share"].tolist() == pytest.approx([0.25] * 4, abs=0.02)


def test_shares_sum_to_one_and_regret_less_than_equal_ones():
    generator = np.random.default_rng(1)
    found = spending.shares(returns(generator.gamma(2, size=40), generator.uniform(0.2, 1, size=40)))
    assert found["suggested_share"].sum() == pytest.approx(1)
    assert 0 <= found["regret_suggested"].iloc[0] < found["regret_equal"].iloc[0]


def test_what_differs_by_chance_alone_is_drawn_to_the_common_mean():
    mean, spread = spending.drawn_together(np.array([1.0, 1.2, 0.8]), np.array([1.0, 1.0, 1.0]))
    assert mean == pytest.approx([1.0, 1.0, 1.0])
    assert spread == pytest.approx([1 / np.sqrt(3)] * 3)


def test_a_single_campaign_or_none_with_orders_gets_no_suggestion():
    assert spending.shares(returns([2], [1]))["suggested_share"].isna().all()
    assert spending.shares(returns([0, 0], [0, 0]))["suggested_share"].isna().all()


def test_the_same_evidence_gives_the_same_shares_in_any_order():
    rows = returns([1, 2, 3], [1, 1, 1])
    pd.testing.assert_frame_equal(spending.shares(rows), spending.shares(rows[::-1]))


def test_a_return_known_beyond_all_others_and_campaigns_all_alike_break_nothing():
    for rows in ([("a", 0.01, 1e9, 1e8), ("b", 1e9, 3.0, 1.0)], [("a", 10.0, 5.0, 1.0), ("b", 10.0, 5.0, 1.0)]):
        columns = ["campaign_key", "spend", "basis_revenue", "basis_standard_error"]
        found = spending.shares(pd.DataFrame(rows, columns=columns))
        assert found["suggested_share"].sum() == pytest.approx(1)
        assert (found["regret_suggested"] >= 0).all()
