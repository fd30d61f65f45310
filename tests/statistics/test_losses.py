"""How likely a message is to lose its recipient."""

import numpy as np
import pandas as pd
import pytest

from orchestration.statistics import losses


def counts(rows):
    return pd.DataFrame(rows, columns=[*losses.CIRCUMSTANCES, "messages", "losses"])


def test_expected_losses_sum_to_those_seen_and_large_groups_get_nearly_their_own_rate():
    rows = counts([("lapsed", "1 or 2", "above 29", 40_000, 400), ("engaged_30", "1 or 2", "above 29", 60_000, 120)])
    found = losses.risks(rows).set_index("engagement_tier")["probability"]
    assert found["lapsed"] == pytest.approx(0.01, rel=0.02)
    assert found["engaged_30"] == pytest.approx(0.002, rel=0.02)
    assert 40_000 * found["lapsed"] + 60_000 * found["engaged_30"] == pytest.approx(520, abs=1e-3)


def test_a_few_messages_without_a_loss_are_no_proof_of_safety_nor_one_loss_of_danger():
    rows = counts(
        [
            ("engaged_30", "1 or 2", "above 29", 100_000, 1_000),
            ("engaged_60", "1 or 2", "above 29", 5, 0),
            ("lapsed", "1 or 2", "above 29", 5, 1),
        ]
    )
    found = losses.risks(rows).set_index("engagement_tier")["probability"]
    assert found["engaged_60"] == pytest.approx(0.01, rel=0.25)
    assert found["lapsed"] < 0.04


def test_circumstances_that_no_message_met_are_judged_by_their_parts():
    rows = counts(
        [
            ("engaged_30", "1 or 2", "above 29", 50_000, 100),
            ("engaged_30", "above 16", "above 29", 50_000, 400),
            ("lapsed", "1 or 2", "above 29", 50_000, 300),
            ("lapsed", "above 16", "above 29", 0, 0),
        ]
    )
    found = losses.risks(rows).set_index(["engagement_tier", "pressure"])["probability"]
    assert found["lapsed", "above 16"] == pytest.approx(0.024, rel=0.1)


def test_the_reason_is_the_level_that_raises_the_risk_most():
    rows = counts(
        [
            ("engaged_30", "1 or 2", "above 29", 50_000, 100),
            ("engaged_30", "above 16", "above 29", 50_000, 900),
            ("lapsed", "above 16", "above 29", 50_000, 1_100),
            ("lapsed", "1 or 2", "above 29", 50_000, 120),
        ]
    )
    found = losses.risks(rows).set_index(["engagement_tier", "pressure"])["main_reason"]
    assert found["lapsed", "above 16"] == "pressure: above 16"
    assert pd.isna(found["engaged_30", "1 or 2"])


def test_nothing_is_said_while_nobody_was_lost_and_the_order_of_rows_changes_nothing():
    rows = counts([("new", "1 or 2", "up to 2", 100, 0), ("lapsed", "1 or 2", "up to 2", 9, 0)])
    assert losses.risks(rows)["probability"].isna().all()
    assert losses.risks(rows)["main_reason"].isna().all()
    many = counts([(f"t{n % 3}", f"p{n % 4}", f"e{n % 5}", 1_000 + n, n % 7) for n in range(60)])
    pd.testing.assert_frame_equal(losses.risks(many), losses.risks(many.sample(frac=1, random_state=1)))


def test_everybody_lost_is_no_division_by_nothing():
    found = losses.risks(counts([("new", "1 or 2", "up to 2", 3, 3)]))
    assert np.isfinite(found["probability"]).all()
