"""An element is held against its place in the e-mail, as other campaigns know it."""

import numpy as np
import pandas as pd
import pytest

from orchestration.statistics.positions import expectations

DRAW = {1: 0.06, 2: 0.04, 3: 0.02, 4: 0.01}


def mails(levels: dict[str, float], positions=tuple(DRAW), boost=None, delivered=100_000) -> pd.DataFrame:
    """Campaigns that draw `levels` times what their positions do; `boost` multiplies single links."""
    return pd.DataFrame(
        {
            "campaign_key": campaign,
            "variant": "",
            "link_key": f"{campaign}-{position}",
            "position": position,
            "delivered": delivered,
            "human_unique_clicks": round(
                delivered * level * DRAW[position] * (boost or {}).get((campaign, position), 1.0)
            ),
        }
        for campaign, level in levels.items()
        for position in positions
    )


def lifts(elements: pd.DataFrame) -> pd.Series:
    found = elements.merge(expectations(elements), on=["campaign_key", "variant", "link_key"]).set_index("link_key")
    return found["human_unique_clicks"] / found["delivered"] / found["expected_click_rate"]


def test_a_link_that_draws_what_its_place_does_has_no_lift_however_busy_its_mail_is():
    assert lifts(mails({"a": 1.0, "b": 0.2, "c": 3.0})).to_numpy() == pytest.approx(np.ones(12), rel=1e-3)


def test_the_strong_link_low_in_a_mail_is_lifted_and_the_usual_one_at_the_top_is_not():
    lift = lifts(mails({"a": 1.0, "b": 0.5, "c": 2.0, "d": 1.0}, boost={("a", 4): 4.0}))
    assert lift["a-4"] / lift["a-1"] == pytest.approx(4, rel=1e-2)
    assert lift["a-4"] > 2 and lift["a-1"] < 1
    # What one campaign's link does is no yardstick for itself, and moves those of the others a little only.
    assert 0.4 < lift["b-4"] < 1


def test_the_lifts_of_a_mail_share_out_its_clicks():
    elements = mails({"a": 1.0, "b": 0.5, "c": 2.0}, boost={("a", 4): 4.0, ("b", 2): 0.1})
    found = elements.merge(expectations(elements), on=["campaign_key", "variant", "link_key"])
    found["expected"] = found["expected_click_rate"] * found["delivered"]
    sums = found.groupby("campaign_key")[["expected", "human_unique_clicks"]].sum()
    assert sums["expected"].to_numpy() == pytest.approx(sums["human_unique_clicks"].to_numpy())


def test_mails_with_fewer_positions_do_not_make_these_look_strong():
    elements = pd.concat([mails({"a": 1.0, "b": 0.5, "e": 1.5}), mails({"c": 4.0, "d": 5.0}, positions=(1, 2))])
    assert lifts(elements).to_numpy() == pytest.approx(np.ones(len(elements)), rel=2e-3)


def test_nothing_is_expected_where_nobody_else_has_the_position_or_the_mail_has_no_second_link():
    elements = pd.concat(
        [
            mails({"a": 1.0}, positions=(1, 2, 4)),
            mails({"b": 1.0}, positions=(1, 2)),
            mails({"c": 1.0}, positions=(1,)),
            mails({"d": 1.0}, positions=(3,)),
            mails({"e": 0.0}, positions=(1, 2)),
        ]
    )
    found = expectations(elements).set_index("link_key")
    assert found["expected_click_rate"].isna().to_dict() == {
        **{"a-1": False, "a-2": False, "a-4": True, "b-1": False, "b-2": False},
        **{"c-1": True, "d-3": True, "e-1": False, "e-2": False},
    }
    assert found.loc[["e-1", "e-2"], "expected_click_rate"].to_list() == [0, 0]
    assert found["compared_campaigns"].to_dict() == {
        **{"a-1": 3, "a-2": 2, "a-4": 0, "b-1": 3, "b-2": 2},
        **{"c-1": 0, "d-3": 0, "e-1": 3, "e-2": 2},
    }


def test_the_variants_of_a_campaign_are_no_yardstick_for_each_other():
    elements = pd.concat([mails({"a": 1.0}).assign(variant=variant) for variant in ("A", "B")])
    assert expectations(elements)["expected_click_rate"].isna().all()


def test_the_order_of_rows_does_not_matter():
    elements = mails({"a": 1.0, "b": 0.5, "c": 2.0}, boost={("a", 4): 4.0}, delivered=997)
    assert expectations(elements.sample(frac=1, random_state=1)).equals(expectations(elements))
