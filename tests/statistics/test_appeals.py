"""What a campaign does to responses, apart from the hours of its sends."""

import numpy as np
import pandas as pd
import pytest

from orchestration.statistics import appeals


def chances(rows):
    """Rows of campaign, hour of the week and what its responses are to those expected, 400, all on one day or, fourth,
    another."""
    return pd.DataFrame(
        [
            {
                "campaign_key": campaign,
                "sent_on": pd.Timestamp("2026-01-05") + pd.Timedelta(days=sum(day)),
                "hour_of_week": hour,
                "responses": 400 * ratio,
                "expected_responses": 400.0,
                "information": 300.0,
            }
            for campaign, hour, ratio, *day in rows
        ]
    )


def appeal(rows):
    return appeals.appeals(chances(rows)).groupby("campaign_key")["appeal"].mean().to_dict()


def test_a_campaign_sent_at_all_hours_is_told_from_its_hours():
    liked = [("liked", hour, 1.5) for hour in range(24)]
    plain = [("plain", hour, 0.5) for hour in range(24)]
    found = appeal(liked + plain)
    assert found["liked"] == pytest.approx(1.5, abs=0.03)
    assert found["plain"] == pytest.approx(0.5, abs=0.03)


def test_an_hour_that_does_well_in_every_campaign_makes_no_campaign_liked():
    rows = [(f"c{n}", hour, 1.6 if hour == 9 else 0.8) for n in range(6) for hour in (9, 12, 15, 18)]
    assert list(appeal(rows).values()) == pytest.approx([1.0] * 6, abs=0.03)


def test_many_campaigns_of_one_hour_give_the_hour_its_due_and_a_single_one_shares_it():
    many = [(f"c{n}", 9, 1.4) for n in range(10)] + [(f"d{n}", 15, 0.6) for n in range(10)]
    shared = appeal(many)["c0"]
    alone = appeal([("c0", 9, 1.4), ("d0", 15, 0.6)])["c0"]
    assert 1 < shared < alone < 1.4


def test_mail_of_a_kind_that_is_liked_on_every_day_lends_nothing_to_the_days_that_only_it_is_sent_on():
    flows = [(f"flow{n}", 24 * day + 12, 3.0) for n in range(4) for day in range(7)]
    letters = [(f"letter{n}", 24 + 12, 0.8) for n in range(20)]
    found = appeal(flows + letters)
    assert found["flow0"] > 2.2
    assert found["letter0"] < 1.1


def test_a_campaign_that_is_sent_again_may_go_down_differently_without_its_days_of_the_week_being_the_cause():
    again = [("statement", 24 * (n % 7) + 12, ratio, n) for n, ratio in enumerate([1.2, 0.5, 1.6, 1.0, 0.8])]
    letters = [(f"letter{n}", 24 * (n % 7) + 12, 1.0, n) for n in range(28)]
    found = appeals.appeals(chances(again + letters)).set_index(["campaign_key", "sent_on"])["appeal"]
    statement = found["statement"].to_numpy()
    assert statement[2] - statement[1] > 0.8
    assert found.drop("statement").between(0.85, 1.15).all()


def test_the_order_of_rows_changes_nothing_and_no_appeal_is_below_its_least():
    rows = [(f"c{n % 7}", (n * 37) % 168, 0.01 if n % 7 == 0 else 1.2) for n in range(60)]
    rows = list({(campaign, hour): (campaign, hour, ratio) for campaign, hour, ratio in rows}.values())
    frame = chances(rows)
    shuffled = frame.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(appeals.appeals(frame), appeals.appeals(shuffled))
    assert np.all(appeals.appeals(frame)["appeal"] >= 0.05)
