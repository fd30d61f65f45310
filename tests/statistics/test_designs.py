"""Design choices are judged by variants of one campaign where there are some, and else with care across campaigns."""

import numpy as np
import pandas as pd
import pytest

from orchestration.statistics import differences
from orchestration.statistics.designs import FEATURES, effects

NO_TYPES = pd.DataFrame(
    {"campaign_key": [], "element_type": [], "delivered": [], "human_unique_clicks": [], "expected_clicks": []}
)


def mail(campaign, variant="", clicks=100, delivered=1_000, day=0, kind="newsletter", **features) -> dict:
    plain = {"subject_length": "up to 30", "subject_question": "no", "subject_emoji": "no", "subject_number": "no"}
    return {
        **dict.fromkeys(FEATURES),
        **plain,
        "campaign_key": campaign,
        "variant": variant,
        "campaign_type": kind,
        "sent_from_at": pd.Timestamp("2026-01-01") + pd.Timedelta(days=day),
        "delivered": delivered,
        "human_unique_clicks": clicks,
        **features,
    }


def of(mails: list[dict], types: pd.DataFrame = NO_TYPES) -> pd.DataFrame:
    return effects(pd.DataFrame(mails), types).set_index(["feature", "level"])


def campaigns(count: int, seed: int = 1) -> list[dict]:
    """Promotions click by 4 points less and mostly have an emoji, which adds 2 points."""
    draw = np.random.default_rng(seed)
    mails = []
    for number in range(count):
        kind = "promotion" if number % 2 else "newsletter"
        emoji = "yes" if draw.random() < (0.8 if number % 2 else 0.2) else "no"
        rate = 0.10 - 0.04 * (number % 2) + 0.02 * (emoji == "yes") + draw.normal(0, 0.003)
        clicks = draw.binomial(20_000, rate)
        mails.append(mail(f"c{number:02}", clicks=clicks, delivered=20_000, day=number, kind=kind, subject_emoji=emoji))
    return mails


def test_variants_of_one_campaign_are_compared_as_an_experiment_is():
    rows = of([mail("c", "A", 100), mail("c", "B", 150, subject_question="yes")])
    found = rows.loc[("subject_question", "yes")]
    expected = differences.rate_difference([150], [1_000], [100], [1_000])
    assert found[["effect", "effect_lo", "effect_hi", "p_value"]].to_list() == pytest.approx(
        [expected.effect[0], expected.lo[0], expected.hi[0], expected.p_value[0]]
    )
    assert found[["evidence", "reference_level", "contrasts", "changed_along"]].to_list() == [
        "randomised",
        "no",
        1,
        None,
    ]
    assert np.isnan(rows.loc[("subject_question", "no"), "effect"])


def test_several_campaigns_are_combined_by_their_precision():
    mails = [mail("c", "A", 100), mail("c", "B", 150, subject_question="yes")]
    mails += [mail("d", "A", 1_000, 10_000), mail("d", "B", 1_300, 10_000, subject_question="yes")]
    found = of(mails).loc[("subject_question", "yes")]
    assert found["contrasts"] == 2
    assert 0.03 < found["effect"] < 0.05
    alone = of(mails[2:]).loc[("subject_question", "yes")]
    assert found["effect_hi"] - found["effect_lo"] < 2 * (alone["effect_hi"] - alone["effect_lo"])


def test_campaigns_that_agree_are_no_surer_than_their_messages_make_them():
    pair = [mail("c", "A", 1_000, 10_000), mail("c", "B", 1_100, 10_000, subject_question="yes")]
    again = [{**one, "campaign_key": "d"} for one in pair]
    found = of(pair + again).loc[("subject_question", "yes")]
    whole = differences.rate_difference([2_200], [20_000], [2_000], [20_000])
    assert found["effect"] == pytest.approx(0.01)
    assert found["effect_hi"] - found["effect_lo"] == pytest.approx(float(whole.hi[0] - whole.lo[0]), rel=0.01)
    assert found["p_value"] == pytest.approx(whole.p_value[0], rel=0.1)


def test_what_changed_along_is_named_and_gives_way_to_a_clean_comparison():
    both = [mail("c", "A", 100, 1_001), mail("c", "B", 150, subject_question="yes", subject_length="31 to 50")]
    rows = of(both)
    assert rows.loc[("subject_question", "yes"), "changed_along"] == "subject_length"
    assert rows.loc[("subject_length", "31 to 50"), "changed_along"] == "subject_question"
    clean = [mail("d", "A", 100), mail("d", "B", 110, subject_question="yes")]
    found = of(both + clean).loc[("subject_question", "yes")]
    assert found["contrasts"] == 1
    assert pd.isna(found["changed_along"])
    assert found["effect"] == pytest.approx(0.01)


def test_arms_too_small_or_without_clicks_decide_nothing():
    small = [mail("c", "A", 3, 29), mail("c", "B", 9, 1_000, subject_question="yes")]
    silent = [mail("d", "A", 0), mail("d", "B", 4, subject_question="yes")]
    rows = of(small + silent)
    assert rows["effect"].isna().all() and rows["evidence"].isna().all() and rows["p_adjusted"].isna().all()


def test_across_campaigns_the_kind_of_campaign_is_accounted_for():
    mails = campaigns(40)
    found = of(mails).loc[("subject_emoji", "yes")]
    frame = pd.DataFrame(mails)
    rates = frame.groupby("subject_emoji")[["human_unique_clicks", "delivered"]].sum()
    naive = (rates["human_unique_clicks"] / rates["delivered"]).diff().iloc[-1]
    assert naive < 0.002
    assert found["effect"] == pytest.approx(0.02, abs=0.004)
    assert found["effect_lo"] < 0.02 < found["effect_hi"] and found["p_value"] < 1e-3
    assert found["evidence"] == "observational"


def test_variants_decide_before_campaigns_do():
    arms = [mail("x", "A", 1_000, 10_000), mail("x", "B", 900, 10_000, subject_emoji="yes")]
    found = of(campaigns(40) + arms).loc[("subject_emoji", "yes")]
    assert found["evidence"] == "randomised" and found["effect"] == pytest.approx(-0.01)


def test_a_feature_that_goes_hand_in_hand_with_another_or_is_rare_has_no_effect():
    mails = campaigns(40)
    for number, one in enumerate(mails):
        one["subject_number"] = "yes" if one["campaign_type"] == "promotion" else "no"
        one["subject_question"] = "yes" if number < 4 else "no"
    rows = of(mails)
    assert np.isnan(rows.loc[("subject_number", "yes"), "effect"])
    assert np.isnan(rows.loc[("subject_question", "yes"), "effect"])
    assert rows.loc[("subject_emoji", "yes"), "effect"] == pytest.approx(0.02, abs=0.005)


def test_few_campaigns_show_nothing_across():
    assert of(campaigns(6))["effect"].isna().all()


def test_chance_alone_is_seldom_an_effect():
    shown = 0
    for seed in range(20):
        draw = np.random.default_rng(seed)
        mails = campaigns(30, seed)
        for one in mails:
            one["subject_question"] = draw.choice(["yes", "no"])
        shown += of(mails).loc[("subject_question", "yes"), "p_value"] < 0.05
    assert shown <= 4


def test_elements_of_a_type_are_held_against_their_positions():
    draw = np.random.default_rng(3)
    types = pd.concat(
        pd.DataFrame(
            {
                "campaign_key": [f"c{n}" for n in range(count)],
                "element_type": kind,
                "delivered": 10_000,
                "human_unique_clicks": draw.binomial(10_000, 0.02 + beyond, size=count),
                "expected_clicks": 200.0,
            }
        )
        for kind, beyond, count in (("button", 0.005, 12), ("image", -0.005, 12), ("text", 0.0, 12), ("video", 0.01, 4))
    )
    rows = of([mail("c")], types).loc["element_type"]
    assert rows.loc["button", "effect"] == pytest.approx(0.005, abs=0.001)
    assert rows.loc["image", "effect"] == pytest.approx(-0.005, abs=0.001)
    assert rows.loc["text", "effect_lo"] < 0 < rows.loc["text", "effect_hi"]
    assert rows.loc["button", "delivered"] == 120_000 and rows.loc["button", "campaigns"] == 12
    assert rows.loc[["button", "image", "text"], "evidence"].eq("observational").all()
    assert np.isnan(rows.loc["video", "effect"]) and pd.isna(rows.loc["video", "evidence"])


def test_p_values_are_adjusted_for_all_effects_and_the_order_of_rows_does_not_matter():
    mails = [*campaigns(40), mail("x", "A", 100), mail("x", "B", 130, subject_question="yes")]
    rows = of(mails)
    tested = rows[rows["p_value"].notna()].sort_values("p_value")
    assert len(tested) == 2
    assert tested["p_adjusted"].to_list() == pytest.approx(
        [min(2 * tested["p_value"].iloc[0], tested["p_value"].iloc[1]), tested["p_value"].iloc[1]]
    )
    assert of(list(reversed(mails))).equals(rows)


def test_unknown_features_have_no_level():
    assert set(of([mail("c", subject_question=None)]).index.get_level_values("feature")) == {
        *("subject_emoji", "subject_length", "subject_number")
    }
    assert of([mail("c", **dict.fromkeys(FEATURES))]).empty
