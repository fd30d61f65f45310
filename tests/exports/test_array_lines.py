"""One array per line, as webhook logs have it: every record verbatim and in order."""

import json

import pytest

from orchestration.exports.load import load_source
from orchestration.resources import Warehouse
from orchestration.settings import Settings
from orchestration.sources import SOURCES
from tests.payloads import sendgrid

EVENTS = [sendgrid("open", message=f"m{n}", at=n, note="caf\u00e9 \\ /") for n in range(6_000)]


def minified(event):
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False)


def spaced(event):
    return json.dumps(event, indent=None)


@pytest.mark.parametrize("written", [minified, spaced])
def test_records_of_arrays_are_kept_as_they_were_written(tmp_path, written):
    records = [written(event) for event in EVENTS]
    folder = tmp_path / "landing" / "sendgrid"
    folder.mkdir(parents=True)
    with (folder / "webhook.log").open("w") as file:
        for start in range(0, len(records), 50):
            file.write("[" + ",".join(records[start : start + 50]) + "]\n")
    settings = Settings(home=tmp_path, given_salt="salt", settle_seconds=0.0)
    warehouse = Warehouse.of(settings)
    load_source(SOURCES["sendgrid"], warehouse.get_connection, settings, "run", lambda *_: [])
    with warehouse.get_connection() as connection:
        kept = connection.execute("select record from raw.sendgrid order by position").fetchall()
    assert [record for (record,) in kept] == records
