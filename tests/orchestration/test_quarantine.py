"""What a person does about a held export from the Dagster UI: look, let in, keep out, correct."""

from __future__ import annotations

import json

import dagster as dg
import pytest

from orchestration.assets.quarantine import KEY
from orchestration.definitions import build_defs
from orchestration.exports.landing import pending_files
from tests.payloads import journey, land
from tests.pipeline.running import failure, run, settings_of, stored

SECRET = "reader1@example.com"


@pytest.fixture
def held(tmp_path):
    """Settings of a home with an export that was held back, and the export's id."""
    settings = settings_of(tmp_path)
    lines = [*(json.dumps(event) for event in journey(SECRET)), f"{{broken {SECRET}", "{broken too"]
    land(tmp_path, "sendgrid/<b>half|.json", "\n".join(lines))
    assert run(settings, ["raw/sendgrid"]).success
    return settings, stored(settings, "select export_id from pipeline.exports")[0][0]


def execute(settings, job: str, op: str, **config):
    resolved = build_defs(settings=settings).resolve_job_def(job)
    return resolved.execute_in_process(run_config={"ops": {op: {"config": config}}}, raise_on_error=False)


def shown(result, what) -> dict:
    """The metadata of the one event of a kind."""
    (event,) = [event for event in result.all_events if event.event_type_value == what]
    data = event.event_specific_data
    metadata = data.materialization.metadata if what == "ASSET_MATERIALIZATION" else data.metadata
    return {key: value.value for key, value in metadata.items()}


def test_the_exports_that_wait_for_a_decision_are_listed_until_it_is_made(held):
    settings, export_id = held
    metadata = shown(run(settings, [KEY.to_user_string()]), "ASSET_MATERIALIZATION")
    assert metadata["waiting"] == metadata["dagster/row_count"] == 1
    assert f"\\<b\\>half\\|.json | {export_id} |" in metadata["exports"]
    assert execute(settings, "refuse_export", "refuse", export_id=export_id, reason="not ours").success
    assert shown(run(settings, [KEY.to_user_string()]), "ASSET_MATERIALIZATION")["waiting"] == 0
    assert stored(settings, "select status, reason from pipeline.exports") == [("refused", "not ours")]


def test_a_look_at_a_held_export_shows_why_and_how_much_and_no_record(held):
    settings, export_id = held
    metadata = shown(execute(settings, "look_at_export", "look", export_id=export_id[:10]), "STEP_OUTPUT")
    assert metadata["records"] == 6 and metadata["records_rejected"] == 2
    assert "unreadable" in metadata["reason"] and "release" in metadata["what_next"]
    assert metadata["quarantine"].endswith(export_id)
    assert SECRET not in json.dumps(metadata)


def test_a_decision_without_a_reason_is_not_taken(held):
    settings, export_id = held
    with pytest.raises(dg.DagsterInvalidConfigError, match="reason"):
        execute(settings, "release_export", "release", export_id=export_id)
    empty = execute(settings, "release_export", "release", export_id=export_id, reason="")
    assert not empty.success and "reason" in failure(empty)
    assert stored(settings, "select status from pipeline.exports") == [("quarantined",)]


def test_a_corrected_export_under_the_same_name_is_picked_up_and_shown_beside_the_held_one(held):
    settings, _ = held
    land(settings.home, "sendgrid/<b>half|.json", journey(SECRET))
    assert [file.name for file in pending_files(settings)] == ["<b>half|.json"]
    assert run(settings, ["raw/sendgrid"]).success
    ((corrected,),) = stored(settings, "select export_id from pipeline.exports where status = 'published'")
    metadata = shown(run(settings, [KEY.to_user_string()]), "ASSET_MATERIALIZATION")
    assert metadata["waiting"] == 0 and f"| {corrected} |" in metadata["exports"]


def test_a_held_back_check_leads_to_the_data_docs(held):
    settings, _ = held
    land(settings.home, "sendgrid/again.json", "{broken\n{broken")
    result = run(settings, ["raw/sendgrid"])
    (check,) = [e for e in result.get_asset_check_evaluations() if not e.passed]
    page = check.metadata["data_docs"].value
    assert page.startswith("file://") and page.endswith("/data_docs/sendgrid.html")
    assert (settings.data_docs / "sendgrid.html").exists()
