"""Totals agree between the grains of the marts, and nothing counts more than what was delivered."""

import pytest

from tests.pipeline.running import published

MESSAGES = {
    "sent": "count(*)",
    "delivered": "count(delivered_at)",
    "hard bounces": "count(*) filter (bounce_type = 'hard')",
    "complaints": "count(complained_at)",
    "orders": "sum(conversions)",
    "revenue": "sum(revenue)",
}
# What the messages add up to, as other grains have it.
SAME = [
    ("sent", "select sum(sent) from campaign_performance"),
    ("sent", "select sum(sent) from deliverability_daily"),
    ("sent", "select sum(messages) from campaign_funnel where step = 'sent'"),
    ("sent", "select sum(messages) from funnel_daily where step = 'sent'"),
    ("delivered", "select sum(delivered) from campaign_performance"),
    ("delivered", "select sum(delivered) from deliverability_daily"),
    ("delivered", "select sum(messages_delivered) from dim_subscribers"),
    ("hard bounces", "select sum(bounced_hard) from campaign_performance"),
    ("hard bounces", "select sum(hard_bounces) from deliverability_daily"),
    ("complaints", "select sum(complaints) from campaign_performance"),
    ("complaints", "select sum(complaints + complaints_undelivered) from deliverability_daily"),
    ("orders", "select sum(conversions) from campaign_performance"),
    ("orders", "select sum(conversions) from content_elements"),
    ("revenue", "select sum(revenue) from campaign_performance"),
    ("revenue", "select sum(revenue) from content_elements"),
]


@pytest.mark.parametrize(("measure", "query"), SAME, ids=lambda part: part[:70])
def test_a_total_is_the_same_at_every_grain(sampled, measure, query):
    total = published(sampled.home, f"select {MESSAGES[measure]} from fct_messages")
    assert published(sampled.home, query) == total
    assert total[0][0] > 0 or measure == "complaints"


def test_the_funnel_of_campaigns_is_that_of_days(sampled):
    steps = "select step, sum(messages), sum(sent) from {} group by step order by step"
    assert published(sampled.home, steps.format("campaign_funnel")) == published(
        sampled.home, steps.format("funnel_daily")
    )


def test_elements_share_out_the_clicks_of_delivered_messages(sampled):
    by_element = "select campaign_key, variant, sum(human_clicks) as clicks from content_elements group by all"
    by_message = (
        "select campaign_key, variant, sum(human_clicks) as clicks from fct_messages "
        "where delivered_at is not null group by all having clicks > 0"
    )
    assert published(sampled.home, f"select * from ({by_element}) where clicks > 0 order by all") == published(
        sampled.home, f"{by_message} order by all"
    )


def test_each_order_counts_once(sampled):
    (orders,) = published(sampled.home, "select count(*) from fct_micro_conversions where micro_conversion = 'order'")
    for credited in (
        "select sum(conversions) from content_elements",
        "select max(conversions) from (select segment, sum(conversions) as conversions from segment_performance "
        "group by segment)",
        "select round(sum(credit)) from attribution where model = 'last' and family = 'order'",
    ):
        assert published(sampled.home, credited)[0][0] <= orders[0], credited


def test_a_segment_is_credited_with_what_its_members_were_sent(sampled):
    recomputed = """
        select segment, cast(date_trunc('month', sent_at) as date) as month_on, count(*), count(human_first_clicked_at),
            sum(conversions)
        from fct_messages as m join segment_membership as s using (subscriber_key)
        where delivered_at is not null and entered_at < sent_at and coalesce(left_at >= sent_at, true)
        group by all order by all
    """
    stated = (
        "select segment, month_on, delivered, human_unique_clicks, conversions from segment_performance order by all"
    )
    assert published(sampled.home, stated) == published(sampled.home, recomputed)


def test_pressure_is_what_was_sent_in_28_days(sampled):
    recomputed = """
        select count(*) from (
            select message_key, delivered_at, sent_at, min(sent_at) over () as begins_at, count(*) over (
                partition by subscriber_key order by sent_at
                range between interval 28 days preceding and current row
            ) as sends
            from fct_messages
        )
        where delivered_at is not null and sends = {} and sent_at >= begins_at + interval 28 days
            and sent_at + interval 14 days < timestamp '2026-11-18'
    """
    levels = published(
        sampled.home, "select sends_in_28_days, sum(messages) from frequency_fatigue group by all order by all"
    )
    assert len(levels) > 5
    for sends, messages in levels:
        # Whoever signed up within the exports has a known past from the first day on, and counts then as well.
        assert messages >= published(sampled.home, recomputed.format(sends))[0][0]
    assert (
        sum(messages for _, messages in levels)
        <= published(sampled.home, "select count(delivered_at) from fct_messages")[0][0]
    )


def test_a_cohort_is_as_large_as_the_subscribers_first_seen_in_its_month(sampled):
    rows = published(
        sampled.home,
        """
        select cohorts.cohort_month_on, max(cohorts.subscribers), everyone.subscribers
        from cohort_retention as cohorts
        join (
            select cast(date_trunc('month', first_seen_at) as date) as cohort_month_on, count(*) as subscribers
            from dim_subscribers group by all
        ) as everyone using (cohort_month_on)
        group by all order by all
        """,
    )
    assert rows and all(observed <= everyone for _, observed, everyone in rows)
    # All of those whose first week has passed and lies within the exports are there at age 0.
    assert published(
        sampled.home,
        "select sum(subscribers) from cohort_retention where age_weeks = 0 and cohort_month_on >= date '2026-08-01'",
    ) == published(
        sampled.home,
        "select count(*) from dim_subscribers where first_seen_at >= timestamp '2026-08-01' "
        "and cast(first_seen_at as date) <= date '2026-11-11'",
    )
