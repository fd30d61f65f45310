"""The suites of `expectations/suites` pass on what is consistent, and each rule finds the defect it is there for."""

from __future__ import annotations

from contextlib import closing

import duckdb
import pytest
import yaml

from orchestration.checks.great import run_suites
from orchestration.checks.sql import literal
from orchestration.checks.suites import COLUMNS, UNEXPECTED_ROWS, load_suites
from orchestration.checks.unexpected import rows_query
from orchestration.settings import REPOSITORY
from orchestration.sources import SOURCES
from tests.checks.conftest import PARAMETERS, SMALL_WAREHOUSE

MARTS = REPOSITORY / "dbt_project" / "models" / "marts"
SUITES = load_suites()
LATER_GATES = sorted(SUITES.keys() - SOURCES.keys())

EVENTS, SITE, ORDERS = "intermediate.int_email_events", "intermediate.int_site_events", "intermediate.int_orders"

# suite, expectation, what spoils the small warehouse
DEFECTS = [
    ("int_email_events", "events_are_there", f"delete from {EVENTS}"),
    ("int_email_events", "exports_are_published", "update pipeline.exports set status = 'withdrawn'"),
    ("int_email_events", "esp_is_that_of_the_export", f"update {EVENTS} set esp = 'postmark' where event_key = 'v1'"),
    ("int_email_events", "event_type_is_mapped", f"update {EVENTS} set event_type = 'other' where event_key = 'v1'"),
    (
        "int_email_events",
        "no_record_is_left_out",
        "insert into intermediate.int_email_event_records values ('e1', 9, 1, 'opened', null)",
    ),
    ("int_email_events", "machines_are_no_people", f"update {EVENTS} set is_machine = true where event_key = 'v3'"),
    ("int_email_events", "unknown_actors_only_open", f"update {EVENTS} set actor = 'unknown' where event_key = 'v4'"),
    ("int_email_events", "recipients_have_messages", f"update {EVENTS} set message_key = null where event_key = 'v4'"),
    (
        "int_email_events",
        "messages_have_recipients",
        f"update {EVENTS} set subscriber_key = null where event_key = 'v4'",
    ),
    (
        "int_email_events",
        "a_message_has_one_recipient",
        f"update {EVENTS} set subscriber_key = 's9' where event_key = 'v4'",
    ),
    ("int_email_events", "only_bounces_have_a_bounce_type", f"update {EVENTS} set bounce_type = null"),
    ("int_email_events", "reading_takes_time", f"update {EVENTS} set read_seconds = -1 where event_key = 'v3'"),
    ("int_email_events", "no_address_is_stored", f"update {EVENTS} set url_query = 'to=Some.One%2540example.com'"),
    ("int_site_events", "exports_are_published", "update pipeline.exports set status = 'withdrawn'"),
    ("int_site_events", "orders_are_numbered", f"update {SITE} set order_id = null"),
    (
        "int_site_events",
        "subscribers_are_resolved",
        f"insert into {SITE} select s.* from {SITE} s, range(99); update {SITE} set subscriber_key = null",
    ),
    (
        "int_site_events",
        "no_record_is_left_out",
        "insert into intermediate.int_site_event_records values ('e2', 3, 'track', 'Page Viewed', null)",
    ),
    (
        "int_site_events",
        "call_type_is_read",
        "insert into intermediate.int_site_event_records values ('e2', 3, 'group', null, timestamp '2026-01-01')",
    ),
    ("int_site_events", "no_address_is_stored", f'update {SITE} set properties = \'{{"to": "someone@example.com"}}\''),
    ("int_orders", "amounts_have_an_exchange_rate", f"update {ORDERS} set lacks_rate = true, revenue = null"),
    ("int_orders", "orders_have_an_amount", f"update {ORDERS} set revenue = null"),
    ("fct_messages", "messages_are_there", "delete from marts.fct_messages"),
    ("fct_messages", "no_message_is_lost", "delete from marts.fct_messages where message_key = 'm2'"),
    ("fct_messages", "no_message_is_invented", f"delete from {EVENTS} where message_key = 'm2'"),
    ("fct_messages", "nothing_precedes_the_send", "update marts.fct_messages set sent_at = timestamp '2026-01-02'"),
    ("fct_messages", "bounces_have_a_type", "update marts.fct_messages set bounce_type = null"),
    ("fct_messages", "humans_are_among_all", "update marts.fct_messages set human_opens = 2 where message_key = 'm1'"),
    ("fct_messages", "machine_only_opens_are_no_persons", "update marts.fct_messages set machine_only_open = true"),
    ("fct_messages", "counts_have_times", "update marts.fct_messages set human_first_clicked_at = null"),
    ("fct_messages", "conversions_follow_a_click", "update marts.fct_messages set converted_at = sent_at"),
    ("fct_messages", "revenue_comes_from_conversions", "update marts.fct_messages set converted_at = null"),
    ("fct_messages", "revenue_is_that_of_the_orders", f"update {ORDERS} set revenue = 59.91"),
    ("dim_days", "no_day_is_left_out", "delete from marts.dim_days where day_on = '2026-01-01'"),
    ("dim_micro_conversions", "macro_is_the_last_stage", "update marts.dim_micro_conversions set is_macro = true"),
    (
        "dim_micro_conversions",
        "lines_agree",
        "insert into seeds.micro_conversion_definitions values ('open', 'open', 2, 1, false, 'replied')",
    ),
    ("fct_micro_conversions", "conversions_are_there", "delete from marts.fct_micro_conversions"),
    ("fct_micro_conversions", "conversions_are_declared", "delete from marts.dim_micro_conversions"),
    ("fct_micro_conversions", "messages_exist", "delete from marts.fct_messages where message_key = 'm1'"),
    (
        "fct_micro_conversions",
        "campaigns_are_those_of_the_messages",
        "update marts.fct_micro_conversions set variant = 'b'",
    ),
    ("fct_micro_conversions", "links_exist", "delete from marts.dim_links"),
    (
        "fct_micro_conversions",
        "clicks_are_those_of_the_messages",
        "delete from marts.fct_micro_conversions where micro_conversion = 'click'",
    ),
    ("dim_campaigns", "campaigns_of_messages_are_there", "delete from marts.dim_campaigns"),
    (
        "dim_campaigns",
        "sending_ends_after_it_began",
        "update marts.dim_campaigns set sent_to_at = timestamp '2025-01-01'",
    ),
    (
        "dim_campaign_variants",
        "variants_of_messages_are_there",
        "delete from marts.dim_campaign_variants where variant = 'b'",
    ),
    ("dim_campaign_variants", "campaigns_exist", "delete from marts.dim_campaigns"),
    ("dim_campaign_variants", "one_control_per_campaign", "update marts.dim_campaign_variants set is_control = true"),
    ("dim_campaign_variants", "costs_add_up", "update marts.dim_campaigns set cost = 31"),
    ("dim_links", "campaigns_exist", "delete from marts.dim_campaigns"),
    ("dim_links", "no_query_is_stored", "update marts.dim_links set url = url || '?id=7'"),
    ("dim_links", "no_address_is_stored", "update marts.dim_links set url = url || '/someone@example.com'"),
    (
        "dim_links",
        "patterns_are_regular_expressions",
        "insert into raw.links values ('e4', 2, '{\"url_pattern\": \"(boots\"}')",
    ),
    (
        "dim_assignments",
        "nobody_is_in_two_arms",
        "insert into staging.stg_assignments__arms values ('subject', 's2', 'a', true, null), "
        "('subject', 's2', 'b', true, null)",
    ),
    (
        "dim_assignments",
        "one_control_per_experiment",
        "insert into marts.dim_assignments values ('subject', 's2', 'b', true, timestamp '2026-01-01')",
    ),
    (
        "campaign_performance",
        "sent_is_that_of_the_messages",
        "delete from marts.campaign_performance where variant = 'b'",
    ),
    ("campaign_performance", "revenue_is_that_of_the_orders", "update marts.campaign_performance set revenue = 59.91"),
    ("campaign_performance", "conversions_are_the_orders", "update marts.campaign_performance set conversions = 2"),
    ("campaign_performance", "parts_fit_in_their_whole", "update marts.campaign_performance set delivered = 3"),
    ("campaign_performance", "rates_are_their_parts", "update marts.campaign_performance set human_click_rate = 0.5"),
    ("campaign_performance", "revenue_comes_from_conversions", "update marts.campaign_performance set conversions = 0"),
    ("campaign_funnel", "steps_are_in_order", "update marts.campaign_funnel set step_number = 4 where step = 'open'"),
    (
        "campaign_funnel",
        "no_step_is_left_out",
        "delete from marts.campaign_funnel where step = 'open' and variant = 'b'",
    ),
    ("campaign_funnel", "the_funnel_never_grows", "update marts.campaign_funnel set messages = 3 where step = 'click'"),
    (
        "campaign_funnel",
        "rates_are_their_parts",
        "update marts.campaign_funnel set step_rate = 0 where step_rate is null",
    ),
    ("campaign_funnel", "rates_lie_in_their_interval", "update marts.campaign_funnel set step_rate_hi = 0.4"),
    ("campaign_funnel", "sent_is_that_of_the_messages", "delete from marts.fct_messages where message_key = 'm2'"),
    ("funnel_daily", "steps_are_in_order", "update marts.funnel_daily set step_number = 4 where step = 'open'"),
    ("funnel_daily", "no_step_is_left_out", "delete from marts.funnel_daily where step = 'open'"),
    ("funnel_daily", "the_funnel_never_grows", "update marts.funnel_daily set messages = 4 where step = 'click'"),
    ("funnel_daily", "rates_are_their_parts", "update marts.funnel_daily set overall_rate = 0.9"),
    ("funnel_daily", "sent_is_that_of_the_messages", "delete from marts.fct_messages where message_key = 'm2'"),
    ("dim_subscribers", "recipients_are_there", "delete from marts.dim_subscribers where subscriber_key = 's3'"),
    (
        "dim_subscribers",
        "deliveries_are_those_of_the_messages",
        "update marts.dim_subscribers set messages_delivered = 1",
    ),
    (
        "dim_subscribers",
        "engagement_is_that_of_the_messages",
        "update marts.fct_messages set human_clicks = 2 where message_key = 'm1'",
    ),
    ("dim_subscribers", "orders_are_those_of_the_shop", "update intermediate.int_orders set subscriber_key = 's2'"),
    ("dim_subscribers", "counts_are_not_negative", "update marts.dim_subscribers set orders = -1"),
    (
        "dim_subscribers",
        "first_seen_comes_first",
        "update marts.dim_subscribers set first_seen_at = timestamp '2026-01-02'",
    ),
    (
        "subscriber_engagement_daily",
        "every_subscriber_has_a_first_day",
        "delete from marts.subscriber_engagement_daily where subscriber_key = 's3'",
    ),
    (
        "subscriber_engagement_daily",
        "the_newest_day_is_the_subscriber_s_state",
        "update marts.dim_subscribers set engagement_tier = 'lapsed' where subscriber_key = 's1'",
    ),
    (
        "subscriber_engagement_daily",
        "scores_only_decay_since",
        "update marts.dim_subscribers set engagement_score = 27 where subscriber_key = 's1'",
    ),
    (
        "segment_membership",
        "members_leave_after_they_entered",
        "update marts.segment_membership set left_at = entered_at",
    ),
    (
        "segment_membership",
        "current_members_have_not_left",
        "update marts.segment_membership set left_at = timestamp '2027-01-01'",
    ),
    (
        "segment_membership",
        "stays_do_not_overlap",
        "insert into marts.segment_membership values ('buyers', 's1', timestamp '2026-01-02', null, true, '')",
    ),
    ("segment_membership", "members_exist", "delete from marts.dim_subscribers where subscriber_key = 's1'"),
    ("subscriber_interests", "subscribers_exist", "delete from marts.dim_subscribers where subscriber_key = 's1'"),
    (
        "subscriber_interests",
        "ranks_are_unique",
        "insert into marts.subscriber_interests "
        "select * replace ('hats' as content_category) from marts.subscriber_interests",
    ),
    ("subscriber_interests", "weights_are_not_negative", "update marts.subscriber_interests set weighted_events = -1"),
    ("send_time", "subscribers_are_there", "delete from marts.send_time where subscriber_key = 's3'"),
    ("send_time", "observations_are_deliveries", "update marts.send_time set observations = 2"),
    ("send_time", "gains_are_their_parts", "update marts.send_time set expected_gain = 0.2"),
    ("unsubscribe_risk", "subscribers_are_there", "delete from marts.unsubscribe_risk where subscriber_key = 's3'"),
    (
        "unsubscribe_risk",
        "who_left_is_at_no_risk",
        "update marts.dim_subscribers set is_subscribed = false where subscriber_key = 's1'",
    ),
    ("unsubscribe_risk", "losses_are_among_deliveries", "update marts.unsubscribe_risk set like_messages = 3"),
    (
        "machine_traffic_daily",
        "clicks_are_those_of_the_events",
        f"update {EVENTS} set event_type = 'delivered' where event_key = 'v4'",
    ),
    ("machine_traffic_daily", "machines_are_among_all", "update marts.machine_traffic_daily set machine_clicks = 2"),
    (
        "machine_traffic_daily",
        "shares_are_their_parts",
        "update marts.machine_traffic_daily set machine_click_share = 0.5",
    ),
    ("machine_traffic_daily", "machines_have_a_reason", "update marts.machine_traffic_daily set machine_clicks = 1"),
    (
        "fct_event_classification",
        "every_open_and_click_is_judged",
        "delete from marts.fct_event_classification where event_key = 'v4'",
    ),
    (
        "fct_event_classification",
        "class_is_of_the_actor",
        "update marts.fct_event_classification set class = 'machine_mpp'",
    ),
    (
        "fct_event_classification",
        "machines_have_reasons",
        "update marts.fct_event_classification set actor = 'machine'",
    ),
    ("experiment_results", "successes_are_among_all", "update marts.experiment_results set successes = 101"),
    ("experiment_results", "effects_lie_in_their_intervals", "update marts.experiment_results set effect_hi = -0.15"),
    ("experiment_results", "adjusting_weakens", "update marts.experiment_results set p_adjusted = 0.01"),
    ("experiment_results", "ratios_block_verdicts", "update marts.experiment_results set srm_p_value = 0.0001"),
    ("experiment_results", "verdicts_follow_effects", "update marts.experiment_results set verdict = 'better'"),
    (
        "experiment_results",
        "denominators_are_the_assigned",
        "update marts.dim_assignments set variant = 'b'",
    ),
    ("attribution", "credit_sums_to_one", "update marts.attribution set credit = 0.9"),
    ("attribution", "every_conversion_is_shared_out", "delete from marts.attribution where model = 'last'"),
    ("attribution", "revenue_is_that_of_the_orders", "update marts.attribution set revenue = 59.91"),
    ("attribution", "touches_precede_conversions", "update marts.attribution set message_key = ''"),
    ("attribution", "messages_exist", "update marts.attribution set message_key = 'm9'"),
    (
        "campaign_attribution",
        "models_share_out_the_same",
        "update marts.campaign_attribution set revenue = 59.91 where model = 'markov'",
    ),
    (
        "campaign_attribution",
        "orders_are_those_of_attribution",
        "update marts.campaign_attribution set conversions = 2",
    ),
    ("campaign_attribution", "campaigns_exist", "delete from marts.dim_campaigns"),
    (
        "campaign_attribution",
        "removal_effects_are_of_the_chain",
        "update marts.campaign_attribution set removal_effect = null",
    ),
    (
        "micro_conversion_value",
        "every_pair_is_judged",
        "update marts.micro_conversion_value set micro_conversion = 'another'",
    ),
    (
        "micro_conversion_value",
        "verdicts_rest_on_evidence",
        "update marts.micro_conversion_value set evidence_grade = 'B'",
    ),
    (
        "micro_conversion_value",
        "ratios_lie_in_their_intervals",
        "update marts.micro_conversion_value set incremental_ratio = 0.2",
    ),
    ("campaign_roi", "sent_campaigns_are_there", "delete from marts.campaign_roi"),
    ("campaign_roi", "costs_are_those_of_the_campaigns", "update marts.dim_campaigns set cost = 31"),
    ("campaign_roi", "increments_lie_in_their_interval", "update marts.campaign_roi set incremental_revenue_lo = 50"),
    ("campaign_roi", "returns_are_their_parts", "update marts.campaign_roi set roi = 1"),
    ("campaign_roi", "shares_sum_to_one", "update marts.campaign_roi set suggested_share = 0.5"),
    (
        "deliverability_daily",
        "sent_is_that_of_the_messages",
        "update marts.fct_messages set bounce_type = 'soft' where message_key = 'm3'",
    ),
    ("deliverability_daily", "parts_fit_in_their_whole", "update marts.deliverability_daily set complaints = 3"),
    ("deliverability_daily", "rates_are_their_parts", "update marts.deliverability_daily set complaints = 1"),
    (
        "deliverability_daily",
        "rates_lie_in_their_interval",
        "update marts.deliverability_daily set complaint_rate = 0.7",
    ),
    (
        "deliverability_daily",
        "nobody_is_accused_without_cause",
        "update marts.deliverability_daily set hard_bounces = 0, soft_bounces = 1",
    ),
    ("content_elements", "links_exist", "update marts.dim_links set campaign_key = 'g2'"),
    (
        "content_elements",
        "delivered_is_that_of_the_messages",
        "update marts.fct_messages set delivered_at = null where message_key = 'm1'",
    ),
    ("content_elements", "clicks_are_those_of_people", "delete from marts.content_elements"),
    ("content_elements", "parts_fit_in_their_whole", "update marts.content_elements set human_unique_clicks = 2"),
    ("content_elements", "rates_are_their_parts", "update marts.content_elements set lift_over_position = 1"),
    ("content_elements", "rates_lie_in_their_interval", "update marts.content_elements set human_click_rate_hi = 0.9"),
    ("content_elements", "each_order_counts_once", "update marts.content_elements set conversions = 2"),
    ("frequency_fatigue", "levels_are_of_messages", "update marts.frequency_fatigue set messages = 0"),
    ("frequency_fatigue", "messages_are_among_the_delivered", "update marts.frequency_fatigue set messages = 2"),
    (
        "frequency_fatigue",
        "bands_are_in_order",
        "update marts.frequency_fatigue set band = 'saturated' where messages = 1 and sends_in_28_days = 1",
    ),
    ("frequency_fatigue_weekly", "levels_are_of_messages", "update marts.frequency_fatigue_weekly set messages = 0"),
    (
        "frequency_fatigue_weekly",
        "messages_are_among_the_delivered",
        "update marts.frequency_fatigue_weekly set messages = 2",
    ),
    (
        "frequency_fatigue_weekly",
        "bands_are_in_order",
        "update marts.frequency_fatigue_weekly set band = 'saturated' where messages = 1 and sends_in_7_days = 1",
    ),
    ("segment_performance", "segments_have_members", "delete from marts.segment_membership"),
    ("segment_performance", "delivered_is_among_the_messages", "update marts.segment_performance set delivered = 3"),
    ("segment_performance", "members_were_sent_something", "update marts.segment_performance set subscribers = 2"),
    (
        "segment_performance",
        "rates_lie_in_their_interval",
        "update marts.segment_performance set human_click_rate = 0.2",
    ),
    (
        "cohort_retention",
        "members_are_those_of_the_cohort",
        "delete from marts.dim_subscribers where subscriber_key = 's3'",
    ),
    ("cohort_retention", "active_is_its_part", "update marts.cohort_retention set active = 2"),
    ("cohort_retention", "weeks_have_passed", "update marts.cohort_retention set age_weeks = 5 where age_weeks = 1"),
    (
        "cohort_retention",
        "survival_never_rises",
        "update marts.cohort_retention set survival = 0.4 where age_weeks = 0",
    ),
    ("cohort_retention", "survival_lies_in_its_interval", "update marts.cohort_retention set survival_hi = 0.4"),
    (
        "warmup_plan",
        "days_that_are_over_are_judged",
        "update marts.warmup_plan set day_on = '2026-02-02' where reason = 'nothing_sent'",
    ),
    ("warmup_plan", "verdicts_have_their_reason", "update marts.warmup_plan set reason = 'bounces' where planned = 3"),
    ("warmup_plan", "plans_grow_by_steps", "update marts.warmup_plan set ok_to_ramp = false"),
    ("warmup_plan", "no_more_is_sent_than_there_is", "update marts.warmup_plan set actual = 4 where planned = 3"),
    ("metric_trends", "values_are_their_parts", "update marts.metric_trends set value = 0.4"),
    ("metric_trends", "statuses_follow_the_chart", "update marts.metric_trends set status = 'up'"),
    (
        "metric_trends",
        "periods_begin_on_mondays",
        "update marts.metric_trends set period_start_on = date '2026-01-06' where period_start_on = '2026-01-05'",
    ),
    (
        "metric_trends",
        "settled_weeks_are_there",
        "delete from marts.metric_trends where period_start_on = '2025-12-29'",
    ),
    ("metric_forecasts", "forecasts_are_earned", "update marts.metric_forecasts set beats_naive = false"),
    ("metric_forecasts", "forecasts_lie_in_their_interval", "update marts.metric_forecasts set forecast_lo = 1.2"),
    ("goal_progress", "every_goal_is_there", "update seeds.goals set goal = 'another'"),
    ("goal_progress", "figures_agree", "update marts.goal_progress set actual = 0.05"),
    (
        "new_subscriber_projection",
        "cohorts_are_there",
        "update marts.dim_subscribers set first_seen_at = timestamp '2026-02-01'",
    ),
    (
        "new_subscriber_projection",
        "expectations_lie_in_their_interval",
        "update marts.new_subscriber_projection set expected_hi = 0.2",
    ),
    ("content_features", "levels_are_of_campaigns", "update marts.content_features set campaigns = 2"),
    ("content_features", "deliveries_are_those_of_the_messages", "update marts.content_features set delivered = 2"),
    ("content_features", "effects_lie_in_their_intervals", "update marts.content_features set effect_lo = -0.5"),
    ("content_features", "effects_name_their_evidence", "update marts.content_features set evidence = 'observational'"),
    ("follow_ups", "suppressions_have_a_reason", "update marts.follow_ups set suppressed_reason = 'capped'"),
    ("follow_ups", "deliveries_have_a_time", "update marts.follow_ups set delivered_at = null"),
    ("follow_ups", "due_after_the_trigger", "update marts.follow_ups set due_at = due_at - interval 1 second"),
    (
        "follow_ups",
        "people_trigger",
        "update marts.follow_ups set status = 'due', micro_conversion_key = 'of a machine'",
    ),
    (
        "follow_ups",
        "nobody_unsubscribed_is_due",
        "update marts.follow_ups set status = 'due'; update marts.dim_subscribers set is_subscribed = false",
    ),
    ("trigger_latency", "percentiles_are_in_order", "update marts.trigger_latency set p50_seconds = 3"),
    ("trigger_latency", "deliveries_add_up", "update marts.trigger_latency set follow_ups = 2"),
    (
        "int_triggers",
        "micro_conversions_are_declared",
        "update intermediate.int_triggers set micro_conversion = 'downlaod'",
    ),
    ("int_triggers", "segments_are_declared", "update intermediate.int_triggers set segments = 'engaged | laspsed'"),
    ("exports", "published_exports_have_a_time", "update pipeline.exports set published_at = null"),
    ("exports", "held_exports_have_a_reason", "update pipeline.exports set reason = ' '"),
    ("exports", "no_record_is_lost", "update pipeline.exports set records_loaded = 7 where export_id = 'e1'"),
    (
        "exports",
        "published_exports_are_not_empty",
        "update pipeline.exports set records_loaded = 0, records = 0 where export_id = 'e1'",
    ),
    ("data_quality", "no_address_is_stored", "update pipeline.check_results set observed = 'someone@example.com'"),
    (
        "publication",
        "marts_know_no_future",
        "create or replace view marts.publication as select timestamp '2027-01-01' as published_at, "
        "null::timestamp as data_as_of, 'r1' as run_id",
    ),
]


def relation(suite: str) -> str:
    return f"{'intermediate' if suite.startswith('int_') else 'marts'}.{suite}"


def unexpected_rows(connection, suite: str, expectation: str) -> int:
    rule = next(rule for rule in SUITES[suite].expectations if rule.name == expectation)
    query = rule.kwargs["unexpected_rows_query"]
    for name, value in PARAMETERS.items():
        query = query.replace(f"{{{name}}}", literal(value))
    rows = rows_query(rule.type, {"unexpected_rows_query": query}, relation(suite))
    return connection.execute(f"select count(*) from ({rows})").fetchone()[0]


@pytest.mark.parametrize("suite", LATER_GATES)
def test_a_consistent_warehouse_passes(suite, small_warehouse):
    outcomes = run_suites([(SUITES[suite], relation(suite))], database=small_warehouse, parameters=PARAMETERS)
    assert [outcome for outcome in outcomes if not outcome.success] == []
    assert len(outcomes) == len(SUITES[suite].expectations)


def test_a_home_without_exports_passes_every_later_gate(tmp_path):
    path = tmp_path / "empty.duckdb"
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute(SMALL_WAREHOUSE)
        tables = "select schema_name, table_name from duckdb_tables() where table_name not in ?"
        # What declarations alone fill.
        declared = [
            "dim_days", "dim_micro_conversions", "micro_conversion_value", "segment_definitions", "int_triggers",
        ]  # fmt: skip
        for schema, table in connection.execute(tables, [declared]).fetchall():
            connection.execute(f"delete from {schema}.{table}")
        connection.execute(
            "create or replace view marts.publication as "
            "select null::timestamp as published_at, null::timestamp as data_as_of, '' as run_id where false"
        )
    for suite in LATER_GATES:
        outcomes = run_suites([(SUITES[suite], relation(suite))], database=path, parameters=PARAMETERS)
        assert [outcome for outcome in outcomes if not outcome.success] == [], suite


@pytest.mark.parametrize(("suite", "expectation", "defect"), DEFECTS, ids=lambda part: part[:60])
def test_a_defect_is_found_by_the_rule_for_it(suite, expectation, defect, in_memory):
    in_memory.begin()
    try:
        assert unexpected_rows(in_memory, suite, expectation) == 0
        in_memory.execute(defect)
        assert unexpected_rows(in_memory, suite, expectation) > 0
    finally:
        in_memory.rollback()


def test_every_query_of_the_later_gates_has_its_defect_here():
    queries = {(s, e.name) for s in LATER_GATES for e in SUITES[s].expectations if e.type == UNEXPECTED_ROWS}
    assert queries == {(suite, expectation) for suite, expectation, _ in DEFECTS}


def test_every_source_has_a_suite_of_its_own():
    assert SOURCES.keys() <= SUITES.keys()


def test_a_mart_is_expected_to_have_the_columns_that_its_model_declares():
    for path in MARTS.rglob("*.yml"):
        for model in yaml.safe_load(path.read_text()).get("models", []):
            suite = SUITES[model["name"]]
            expected = next(e.kwargs["column_set"] for e in suite.expectations if e.type == COLUMNS)
            declared = [column["name"] for column in model["columns"]]
            assert expected == declared[: len(expected)], model["name"]
            assert set(suite.key) <= set(expected), model["name"]
