"""From exports to published marts: what goes in, what comes out, and what stays out."""

import json
import stat
from pathlib import Path

import pytest

from orchestration import due
from tests.payloads import journey, land, order, track
from tests.pipeline.running import failure, published, run, settings_of, stored


def test_a_journey_reaches_every_part_of_the_marts_whatever_lies_beside_it(tmp_path):
    settings = settings_of(tmp_path)
    first = land(tmp_path, "sendgrid/2026/09/01.json", journey())
    land(tmp_path, "segment/shop.json", [order("o1", 20.5), track("Demo Requested", at=7300)])
    land(tmp_path, "sendgrid/foreign.json", [{"RecordType": "Open", "MessageID": "x", "Recipient": "a@example.com"}])
    result = run(settings)
    assert result.success, failure(result)
    message = published(
        tmp_path, "select opens, human_clicks, revenue, converted_at is not null, mailbox_provider from fct_messages"
    )
    assert [(opens, clicks, float(revenue), converted) for opens, clicks, revenue, converted, _ in message] == [
        (1, 1, 20.5, True)
    ]
    funnel = published(tmp_path, "select step, messages from campaign_funnel order by step_number")
    assert funnel == [
        ("sent", 1),
        ("delivered", 1),
        ("open", 1),
        ("click", 1),
        ("deep_micro_conversion", 1),
        ("macro_conversion", 1),
    ]
    steps = {row[0] for row in published(tmp_path, "select micro_conversion from fct_micro_conversions")}
    assert steps == {"open", "click", "download", "info_request", "order"}
    assert published(tmp_path, "select orders, cast(revenue as double) from dim_subscribers") == [(1, 20.5)]
    assert published(tmp_path, "select count(*) from publication") == [(1,)]
    assert due.token(tmp_path) is None

    # The bad export is held with a reason, shown and kept.
    ledger = published(tmp_path, "select status, reason from exports where file_name = 'foreign.json'")
    ((status, reason),) = ledger
    assert status == "quarantined"
    assert "sendgrid" in reason and "postmark" in reason
    (report,) = tmp_path.glob("quarantine/sendgrid/*/report.json")
    assert json.loads(report.read_text())["reason"] == reason
    held = [e for e in result.get_asset_check_evaluations() if e.check_name == "held_back" and not e.passed]
    assert [e.asset_key.to_user_string() for e in held] == ["raw/sendgrid"]
    assert "foreign" in str(held[0].metadata)

    # The same content again, under any name, changes nothing.
    ledger, raw = stored(settings, "from pipeline.exports"), stored(settings, "from raw.sendgrid")
    land(tmp_path, "sendgrid/deep/b.ndjson", first.read_bytes())
    assert run(settings, ["raw/sendgrid"]).success
    assert stored(settings, "from pipeline.exports") == ledger
    assert stored(settings, "from raw.sendgrid") == raw


@pytest.mark.parametrize(
    "selection",
    [
        ["raw/sendgrid"],
        ["staging/stg_segment__calls"],
        ["intermediate/int_email_events"],
        ["marts/campaign_funnel"],
        ["marts/segment_membership", "raw/links"],
        ["published/marts"],
        ["seeds/micro_conversion_definitions"],
    ],
    ids=lambda keys: "+".join(keys),
)
def test_any_selection_materialises_on_an_empty_home_with_zero_rows(tmp_path, selection):
    settings = settings_of(tmp_path)
    result = run(settings, selection)
    assert result.success, failure(result)
    assert all(evaluation.passed for evaluation in result.get_asset_check_evaluations())
    if selection == ["published/marts"]:
        assert published(tmp_path, "select count(*) from fct_messages") == [(0,)]


def test_everything_materialises_with_nothing_pending(tmp_path):
    result = run(settings_of(tmp_path))
    assert result.success, failure(result)
    assert published(tmp_path, "select count(*) from campaign_funnel") == [(0,)]
    assert published(tmp_path, "select count(*) from exports") == [(0,)]


def test_the_salt_enters_neither_compiled_sql_nor_a_table(sampled):
    for path in [*Path(sampled.home, "dbt").rglob("*.sql"), *Path(sampled.home).glob("*.duckdb")]:
        assert sampled.salt.encode() not in path.read_bytes(), path


def test_the_warehouse_is_readable_by_its_owner_alone(sampled):
    assert stat.S_IMODE(sampled.warehouse_path.stat().st_mode) == 0o600
