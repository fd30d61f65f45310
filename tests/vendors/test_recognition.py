"""A file of one vendor in the folder of another is known for what it is, for every pair of sources."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from orchestration.exports import candidates, readers, sql
from orchestration.exports.batch import open_reader
from orchestration.exports.containers import Content
from orchestration.exports.formats import HEAD_BYTES, Kind, recognise
from orchestration.exports.json_lines import JsonLines
from orchestration.settings import Settings
from orchestration.sources import SOURCES
from tests.vendors.reading import EMAIL_SOURCES, FIXTURES, fixtures


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    with closing(open_reader(Settings(home=tmp_path_factory.mktemp("reader")), folders=[Path("/")])) as connection:
        yield connection


OTHER_SOURCES = sorted(SOURCES.keys() - set(EMAIL_SOURCES))


@pytest.mark.parametrize("folder", [*EMAIL_SOURCES, *OTHER_SOURCES])
def test_whose_a_file_is_shows_in_any_folder(reader, tmp_path, folder: str):
    rows = JsonLines(tmp_path / "rows.jsonl")
    for source in EMAIL_SOURCES:
        for path in fixtures(source):
            if path.suffix == ".zip":  # its members are exports of their own, and like the files beside it
                continue
            data = path.read_bytes()
            content = Content(len(data), "", data=data)
            form = recognise(content.head(HEAD_BYTES), complete=len(data) <= HEAD_BYTES)
            if form.kind is Kind.PARQUET:  # DuckDB alone reads it, and its records are those of the files beside it
                continue
            for position, record in enumerate(readers.read(content, form, SOURCES[folder]), start=1):
                name = f"{source}/{path.relative_to(FIXTURES / source)}"
                rows.write({"export_id": name, "position": position, "record": record.text, "problem": record.problem})
    path = tmp_path / "candidate.parquet"
    candidates.from_spool(reader, rows, SOURCES[folder], path)
    found = reader.execute(
        f"select distinct export_id, looks_like from read_parquet({sql.file_to_read(path)})"
    ).fetchall()
    own = [(name, owner) for name, owner in found if name.startswith(f"{folder}/") and owner is not None]
    assert own == []
    # A record that says nothing at all, as an empty list does, is nobody's; what is named is named rightly.
    foreign = {name: set() for name, _ in found if not name.startswith(f"{folder}/")}
    for name, owner in found:
        if name in foreign and owner is not None:
            foreign[name].update(owner.split(" or "))
    assert {name: owners for name, owners in foreign.items() if name.split("/")[0] not in owners} == {}


@pytest.mark.parametrize(
    ("folder", "owner", "record"),
    [
        ("ses", "mailomat", {"eventType": "opened", "occurredAt": "2026-09-01T08:00:00Z", "messageUuid": "m"}),
        ("customerio", "sweego", {"event_type": "email_sent", "swg_uid": "s", "timestamp": "2026-09-01T08:00:00Z"}),
        # References have keys that anybody might use.
        ("assignments", "sendgrid", {"email": "a@x.example", "sg_event_id": "1", "experiment": "e", "variant": "b"}),
        ("campaigns", "braze", {"user_id": "u", "external_user_id": "e", "time": 1, "campaign_id": 1, "cost": 2}),
        ("subscribers", "postmark", {"RecordType": "Open", "MessageID": "m", "email": "a@x.example", "attributes": {}}),
    ],
)
def test_what_a_vendor_claims_lies_in_no_other_folder(reader, tmp_path, folder: str, owner: str, record):
    rows = JsonLines(tmp_path / "rows.jsonl")
    rows.write({"export_id": "x", "position": 1, "record": json.dumps(record), "problem": None})
    path = tmp_path / "candidate.parquet"
    candidates.from_spool(reader, rows, SOURCES[folder], path)
    found = reader.execute(f"select problem, looks_like from read_parquet({sql.file_to_read(path)})").fetchall()
    assert found == [(f"looks like {owner}, not {folder}", owner)]
