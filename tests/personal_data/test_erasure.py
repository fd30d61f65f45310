"""A person is erased: nothing of theirs is left anywhere of ours, and no count of a campaign has moved."""

from __future__ import annotations

import gzip
import json
import stat
from contextlib import closing
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration import instance as instances
from orchestration.definitions import build_defs
from orchestration.exports import ledger
from orchestration.personal_data.jobs import ERASURE_JOB
from orchestration.personal_data.traces import is_in
from tests.payloads import journey, land, order, sendgrid, track
from tests.pipeline.running import failure, published, run, settings_of, stored

GONE, STAYS = "joe.gone@example.com", "ajoe.gone@example.com"
COUNTED = {
    "campaign_performance": "from campaign_performance order by all",
    "campaign_funnel": "from campaign_funnel order by all",
    "conversions": "select micro_conversion, count(*), sum(value) from fct_micro_conversions group by all order by all",
    "messages": "select count(*), count(delivered_at), count(human_first_clicked_at) from fct_messages",
}


def land_people(home: Path) -> None:
    theirs = journey(GONE, "m1")
    theirs[3]["url"] = f"https://shop.example/{GONE}/guide.pdf?to={GONE}"
    theirs[2]["useragent"] = theirs[3]["useragent"] = "Mozilla/5.0 (a browser of one's own) Firefox/141.0"
    theirs[3]["ip"] = "203.0.113.77"
    other = journey(STAYS, "m2", 5)
    other[3]["url"] = "https://shop.example/guide.pdf?friend=Joe.Gone%40Example.com"
    land(home, "sendgrid/both.json", [*theirs, *other, dict(theirs[0])])
    land(home, "sendgrid/theirs_alone.json.gz", gzip.compress(json.dumps(journey(f"Joe <{GONE}>", "m3", 9)).encode()))
    site = [
        track("Page Viewed", GONE, at=4000, url="https://shop.example/?mc_mid=m1", note=f"call {GONE}"),
        track("Video Watched", GONE, at=4100, percent_watched=90, name="Joe Gone"),
        order("o1", 20.0, GONE),
        order("o2", 30.0, STAYS),
    ]
    land(home, "segment/site.json", site)
    land(home, "subscribers/s.csv", f"email,signup_source\n{GONE},shop\n{STAYS},shop\n")
    land(home, f"sendgrid/of {GONE}.json", [sendgrid("open", STAYS, "m2", 6000)])
    land(home, "sendgrid/held.json", "\n".join([json.dumps(sendgrid("open", GONE)), "{broken", "{broken too"]))
    events = [json.dumps(sendgrid("open", STAYS, f"x{n}", 900 + n)) for n in range(40)]
    land(home, "sendgrid/some_rejected.json", "\n".join([*events, f"{{broken by {GONE}"]))


@pytest.fixture(scope="module")
def erased(tmp_path_factory):
    """(settings, what was counted before, the metadata of the job, the instance it ran on) of one erasure."""
    settings = settings_of(tmp_path_factory.mktemp("erasure"))
    land_people(settings.home)
    assert run(settings).success
    _write_outbox(settings)
    before = {name: published(settings.home, query) for name, query in COUNTED.items()}
    instances.prepare(settings)
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        job = build_defs(settings=settings).resolve_job_def(ERASURE_JOB)
        config = {"ops": {"erase": {"config": {"addresses": [f" {GONE.upper()} "]}}}}
        # One that was asked for before, and ended before it began.
        instance.report_run_canceled(instance.create_run_for_job(job, run_config=config))
        result = job.execute_in_process(run_config=config, instance=instance, raise_on_error=False)
        assert result.success, failure(result)
        kept_by_dagster = str([run.run_config for run in instance.get_runs()])
        kept_by_dagster += str([e.user_message for e in instance.all_logs(result.run_id)])
    (output,) = [e.event_specific_data for e in result.all_events if e.event_type_value == "STEP_OUTPUT"]
    metadata = {key: value.value for key, value in output.metadata.items()}
    assert run(settings).success
    return settings, before, metadata, kept_by_dagster


def _write_outbox(settings) -> None:
    settings.outbox.mkdir(exist_ok=True)
    header = '"email","trigger"\r\n'
    (settings.outbox / "follow_ups-1.csv").write_text(f'{header}"{GONE}","t"\r\n"{STAYS}","t"\r\n', newline="")
    (settings.outbox / "follow_ups-2.csv").write_text(f'{header}"{GONE}","t"\r\n', newline="")


def test_no_file_of_ours_holds_the_address(erased):
    settings, *_ = erased
    for path in settings.home.rglob("*"):
        if path.is_file() and not path.is_relative_to(settings.landing):
            assert not is_in(GONE, path.read_bytes().decode("utf-8", "replace")), path.relative_to(settings.home)
    with closing(duckdb.connect(str(settings.warehouse_path), read_only=True)) as warehouse:
        tables = warehouse.execute(
            "select schema_name, table_name, list(column_name) from duckdb_columns() "
            "where not internal and data_type = 'VARCHAR' group by all"
        ).fetchall()
        for schema, table, columns in tables:
            texts = f"select distinct unnest([{', '.join(columns)}]) from {schema}.{table}"
            for (text,) in warehouse.execute(texts).fetchall():
                assert text is None or not is_in(GONE, text), (schema, table)


def test_what_identified_them_beside_the_address_is_gone(erased):
    settings, *_ = erased
    assert stored(settings, "select count(*) from restricted.user_agents where user_agent like '%one''s own%'") == [
        (0,)
    ]
    assert stored(settings, "select count(*) from raw.sendgrid where record like '%203.0.113.77%'") == [(0,)]
    assert stored(settings, "select count(*) from raw.segment where record like '%Joe Gone%'") == [(0,)]


def test_no_count_of_a_campaign_has_moved(erased):
    settings, before, *_ = erased
    assert {name: published(settings.home, query) for name, query in COUNTED.items()} == before


def test_their_events_carry_a_key_that_leads_to_nobody_and_no_query_or_argument(erased):
    settings, *_ = erased
    ((old,),) = stored(settings, "select subscriber_key from restricted.erased_subscribers")
    ((subject,),) = stored(settings, "select subscriber_key from retained.erased_subjects")
    assert old != subject
    rows = stored(
        settings,
        f"select url_query, reason from intermediate.int_email_event_records where subscriber_key = '{subject}'",
    )
    assert len(rows) == 8 and set(rows) == {(None, None)}
    visits = stored(
        settings,
        f"select page_query, properties from intermediate.int_site_event_records where subscriber_key = '{subject}'",
    )
    assert len(visits) == 3 and all(query is None and "call" not in (text or "") for query, text in visits)
    for (table,) in published(
        settings.home,
        "select table_name from duckdb_columns() where database_name = 'marts' and column_name = 'subscriber_key'",
    ):
        assert published(settings.home, f"select count(*) from {table} where subscriber_key = '{old}'") == [(0,)], table


def test_tables_of_subscribers_lose_their_row(erased):
    settings, *_ = erased
    ((subject,),) = stored(settings, "select subscriber_key from retained.erased_subjects")
    for table in ("dim_subscribers", "segment_membership", "subscriber_engagement_daily", "send_time"):
        assert published(settings.home, f"select count(*) from {table} where subscriber_key = '{subject}'") == [(0,)]
    assert published(settings.home, "select count(*) from dim_subscribers") == [(1,)]


def test_who_has_a_similar_address_keeps_their_records_without_the_mention(erased):
    settings, *_ = erased
    records = stored(settings, f"select record from raw.sendgrid where record like '%\"{STAYS}\"%'")
    assert len(records) == 45
    assert sum("[erased]" in record for (record,) in records) == 1


def test_the_metadata_proves_what_was_removed_and_names_the_files_that_still_hold_it(erased):
    _, _, metadata, _ = erased
    assert metadata["raw_records"] == 13  # five and four mails, three calls, one subscriber
    assert metadata["raw_mentions"] == 1
    assert metadata["canonical_events_unlinked"] == 11
    assert (metadata["identities"], metadata["user_agents"]) == (1, 1)
    assert (metadata["quarantined_records"], metadata["quarantined_originals"]) == (1, 1)
    assert metadata["outbox_rows"] == 2
    assert metadata["ledger_rows"] == 1, "a file that is named after them"
    assert metadata["landing_files"] == sorted(
        f"landing/{name}"
        for name in (
            "segment/site.json", "sendgrid/both.json", "sendgrid/held.json", "sendgrid/of [address]",
            "sendgrid/some_rejected.json",
            "sendgrid/theirs_alone.json.gz", "subscribers/s.csv",
        )
    )  # fmt: skip
    assert not is_in(GONE, json.dumps(metadata))


def test_dagster_does_not_keep_the_address_of_the_configuration(erased):
    settings, *_, kept = erased
    assert not is_in(GONE, kept) and kept.count("[erased]") == 2
    assert (settings.dagster_home / "history" / "runs.db").exists(), "its files are looked into with all others"


def test_the_outbox_keeps_what_went_to_others(erased):
    settings, *_ = erased
    assert sorted(path.name for path in settings.outbox.glob("follow_ups-*")) == ["follow_ups-1.csv"]
    assert (settings.outbox / "follow_ups-1.csv").read_text() == f'"email","trigger"\n"{STAYS}","t"\n'


def test_an_export_of_theirs_alone_is_erased_but_for_its_row_in_the_ledger(erased):
    settings, *_ = erased
    assert published(settings.home, "select status from exports where file_name = 'theirs_alone.json.gz'") == [
        ("erased",)
    ]


def test_the_database_stays_its_owners_alone(erased):
    settings, *_ = erased
    assert stat.S_IMODE(settings.warehouse_path.stat().st_mode) == 0o600


def test_they_do_not_return_with_the_same_file_or_another_one(erased):
    settings, *_ = erased
    (settings.home / "landing_index.sqlite").unlink()
    land(settings.home, "sendgrid/back.json", [*journey(GONE, "m9", 50), *journey(STAYS, "m9", 50)])
    mention = sendgrid("click", STAYS, "m2", 4000, url=f"https://shop.example/?to={GONE}")
    land(settings.home, "sendgrid/mention.json", [mention])
    result = run(settings, ["raw/sendgrid"])
    assert result.success, failure(result)
    assert stored(settings, "select count(*) from restricted.subscriber_identities") == [(1,)]
    records = [r for (r,) in stored(settings, "select record from raw.sendgrid")]
    assert not any(is_in(GONE, record) for record in records)
    assert stored(settings, "select records, records_loaded from pipeline.exports where file_name = 'back.json'") == [
        (4, 4)
    ]


def test_erasing_before_the_events_are_built_says_what_to_do_first(tmp_path):
    settings = settings_of(tmp_path)
    land(tmp_path, "sendgrid/a.json", journey(GONE))
    assert run(settings, ["raw/sendgrid"]).success
    job = build_defs(settings=settings).resolve_job_def(ERASURE_JOB)
    config = {"ops": {"erase": {"config": {"addresses": [GONE]}}}}
    refused = job.execute_in_process(run_config=config, raise_on_error=False)
    assert not refused.success and "Run 'exports_to_marts' first" in failure(refused)
    assert stored(settings, "select count(*) from restricted.erased_subscribers") == [(0,)]


def test_retained_records_have_the_columns_of_the_models_that_read_them(erased):
    settings, *_ = erased
    for table in ("email_event_records", "site_event_records"):
        columns = [
            stored(
                settings,
                f"select column_name, data_type from duckdb_columns() where schema_name = '{schema}' "
                f"and table_name = '{name}' order by column_name",
            )
            for schema, name in (("retained", table), ("intermediate", f"int_{table}"))
        ]
        assert columns[0] == columns[1], f"a change of int_{table} needs a migration in {ledger.__name__}"
