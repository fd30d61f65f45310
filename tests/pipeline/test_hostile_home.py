"""One home with much that is wrong in it: nothing stops the good data, and all of it is counted, named or masked."""

import json
from datetime import datetime

import pytest

from tests.pipeline.hostile import MASKED
from tests.pipeline.running import published, stored

ADDRESS = r"[^@\s]+@[^@\s]+\.[^@\s]+"
NETWORK_ADDRESS = r"\b\d{1,3}(\.\d{1,3}){3}\b|\b[0-9a-f]{1,4}:[0-9a-f:]*::[0-9a-f]|\b[0-9a-f]{1,4}::[0-9a-f]"


@pytest.mark.parametrize("home", ["sampled", "hostile"])
def test_no_published_text_holds_an_address_or_a_network_address(home, request):
    settings = request.getfixturevalue(home)
    columns = published(
        settings.home,
        "select table_name, column_name from duckdb_columns() where data_type = 'VARCHAR' and not internal",
    )
    assert len(columns) > 50
    found = [
        (table, column, pattern)
        for table, column in columns
        for pattern in (ADDRESS, NETWORK_ADDRESS)
        if published(
            settings.home, f"select count(*) from {table} where regexp_matches(\"{column}\", '(?i){pattern}')"
        ) != [(0,)]
    ]  # fmt: skip
    assert found == []


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("dim_campaigns", "campaign_id"),
        ("dim_campaigns", "campaign_name"),
        ("dim_campaigns", "campaign_type"),
        ("dim_campaigns", "subject"),
        ("dim_campaign_variants", "variant"),
        ("dim_campaign_variants", "experiment"),
        ("dim_campaign_variants", "preheader"),
        ("dim_assignments", "experiment"),
        ("dim_assignments", "variant"),
        ("dim_links", "element"),
        ("dim_links", "content_category"),
        ("dim_subscribers", "signup_source"),
        ("fct_messages", "variant"),
        ("fct_messages", "email_client"),
        ("fct_micro_conversions", "content_category"),
        ("campaign_performance", "variant"),
        ("subscriber_interests", "content_category"),
    ],
)
def test_a_text_from_outside_is_published_with_what_is_personal_in_it_masked(hostile, table, column):
    assert (MASKED,) in published(hostile.home, f"select {column} from {table}")


def test_masked_variants_still_meet_their_declaration(hostile):
    found = published(
        hostile.home,
        "select v.is_control, v.preheader from fct_messages as m "
        "join dim_campaign_variants as v using (campaign_key, variant) where m.variant <> '' and m.esp = 'sendgrid'",
    )
    assert found == [(True, MASKED)]


@pytest.mark.parametrize(
    ("suite", "expectation", "count"),
    [
        ("int_email_events", "no_record_is_left_out", 2),
        ("int_email_events", "event_type_is_mapped", 1),
        ("int_site_events", "no_record_is_left_out", 1),
        ("int_site_events", "call_type_is_read", 1),
        ("int_site_events", "calls_of_nobody_are_counted", 1),
        ("int_orders", "amounts_have_an_exchange_rate", 1),
        ("int_orders", "orders_have_an_amount", 2),
        ("dim_assignments", "nobody_is_in_two_arms", 1),
        ("dim_links", "patterns_are_regular_expressions", 1),
    ],
)
def test_what_is_kept_and_does_not_count_is_counted(hostile, suite, expectation, count):
    assert published(
        hostile.home,
        "select unexpected_count, severity from data_quality "
        f"where suite = '{suite}' and expectation = '{expectation}'",
    ) == [(count, "warning")]


def test_a_warning_shows_as_a_failed_check_and_publishes_all_the_same(hostile):
    warned = set(json.loads((hostile.home / "failed_checks.json").read_text()))
    assert {"event_type_is_mapped", "no_record_is_left_out", "held_back"} <= warned


def test_a_time_nobody_can_believe_stays_in_raw_and_out_of_the_marts(hostile):
    assert stored(hostile, "select count(*) from raw.sendgrid where contains(record, '4102444800')") == [(1,)]
    assert stored(
        hostile,
        "select count(*) from staging.stg_sendgrid__events where time_basis = 'implausible' and occurred_at is null",
    ) == [(2,)]
    assert published(hostile.home, "select max(sent_at) < now(), min(sent_at) from fct_messages") == [
        (True, datetime(2026, 9, 1, 8))
    ]


def test_an_order_without_a_rate_or_a_believable_amount_is_an_order_without_revenue(hostile):
    found = published(hostile.home, "select value from fct_micro_conversions where micro_conversion = 'order'")
    assert sorted(float(value) if value is not None else -1 for (value,) in found) == [-1, -1, -1, 20]


def test_a_number_out_of_all_measure_is_none(hostile):
    assert published(
        hostile.home, "select count(*) from fct_micro_conversions where micro_conversion = 'video_view'"
    ) == [(0,)]
    assert published(hostile.home, "select count(*) from fct_messages where read_seconds is not null") == [(0,)]


def test_a_track_call_without_an_event_waits_in_the_quarantine(hostile):
    assert published(hostile.home, "select status, records_rejected, reason from exports where source = 'segment'") == [
        ("published", 1, "1 of 51 records held back: no event (1)")
    ]


def test_a_rejected_record_lies_in_the_quarantine_to_the_letter(hostile):
    (kept,) = hostile.home.glob("quarantine/segment/*/records.jsonl")
    (record,) = [json.loads(line) for line in kept.read_text().splitlines()]
    assert (record["position"], record["reason"]) == (51, "no event")
    assert json.loads(record["record"])["event"] is None


def test_files_outside_the_sources_stand_in_the_ledger_with_a_reason(hostile):
    held = published(
        hostile.home, "select file_name, status, reason from exports where source = 'unclaimed' order by file_name"
    )
    assert [(name, status) for name, status, _ in held] == [
        ("[address] from [network address] or [network address].csv", "quarantined"),
        ("unknown_vendor/2026/export.json", "quarantined"),
    ]
    assert "nothing reads landing/unknown_vendor" in held[1][2]
