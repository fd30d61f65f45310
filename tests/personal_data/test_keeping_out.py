"""Who was erased stays so: what comes in later enters neither raw nor quarantine nor ledger with their address."""

from __future__ import annotations

import gzip
import json

import pytest

from orchestration.exports import identities, ledger
from orchestration.exports.load import hold_unclaimed
from orchestration.personal_data.traces import is_in
from tests.exports.conftest import Bench, make_bench
from tests.payloads import journey, sendgrid

GONE, STAYS = "jörg@example.com", "ajörg@example.com"


@pytest.fixture
def bench(tmp_path) -> Bench:
    """A bench that remembers somebody who was erased."""
    bench = make_bench(tmp_path / "home")
    bench.home.mkdir()
    with bench.connect() as connection:
        ledger.create_schema(connection, bench.sources)
        key = identities.key_of(GONE, bench.settings.salt)
        connection.execute("insert into restricted.erased_subscribers values (?, ?)", [key, bench.settings.now()])
    return bench


def holding(bench: Bench) -> list[str]:
    """Where the address is, outside the landing zone."""
    found = [
        str(path.relative_to(bench.home))
        for path in bench.home.rglob("*")
        if path.is_file() and not path.is_relative_to(bench.settings.landing)
        and is_in(GONE, path.read_bytes().decode("utf-8", "replace"))
    ]  # fmt: skip
    columns = bench.query(
        "select schema_name || '.' || table_name, column_name from duckdb_columns() "
        "where not internal and data_type = 'VARCHAR'"
    )
    for table, column in columns:
        texts = bench.query(f"select {column} from {table} where {column} is not null")
        found += [f"{table}.{column}" for (text,) in texts if is_in(GONE, text)]
    return found


def test_they_are_known_again_in_a_mention_alone_however_it_is_written(bench):
    for number, link in enumerate(["?to=j%C3%B6rg%40example.com", "?u=a%3Fto%3Dj%25C3%25B6rg%2540example.com"]):
        record = sendgrid("click", STAYS, f"m{number}", url=f"https://shop.example/{link}")
        bench.land(f"sendgrid/{number}.json", json.dumps(record))
        assert bench.load().published == 1
    assert len(bench.raw()) == 2 and all(
        "[erased]" in record and STAYS in json.loads(record)["email"] for record in bench.raw()
    )
    assert holding(bench) == []


def test_their_records_are_not_taken_also_where_a_file_escapes_letters(bench):
    bench.land("sendgrid/a.json", json.dumps(journey(GONE) + journey(STAYS, "m2"), ensure_ascii=True))
    bench.land("subscribers/s.jsonl", json.dumps({"email": GONE.upper(), "signup_source": "shop"}))
    bench.load()
    bench.load("subscribers")
    assert len(bench.raw()) == 4 and bench.raw("subscribers") == []
    assert holding(bench) == []


def test_a_held_file_enters_the_quarantine_without_what_speaks_of_them(bench):
    broken = "\n".join([json.dumps(sendgrid("open", GONE), ensure_ascii=False), "{broken", "{broken too"])
    bench.land("sendgrid/held.json.gz", gzip.compress(broken.encode()))
    good = [json.dumps(sendgrid("open", STAYS, f"x{n}")) for n in range(40)]
    bench.land("sendgrid/some.json", "\n".join([*good, f"{{broken by {GONE}", "{broken by nobody"]))
    bench.load()
    report = json.loads((bench.kept("held.json.gz") / "report.json").read_text())
    assert "people who were erased" in report["left_out"]
    assert "original" not in report["kept_beside"]
    assert len((bench.kept("some.json") / "records.jsonl").read_text().splitlines()) == 1
    assert holding(bench) == []


def test_a_file_whose_name_or_unread_content_tells_of_them_leaves_neither(bench):
    bench.land(f"sendgrid/{GONE}.json", "{broken\n")
    bench.land("nobody/list.csv", f"email\n{GONE}\n".encode("utf-16"))
    bench.load()
    with bench.connect():
        pass
    hold_unclaimed(bench.connect, bench.settings, "run", sources=bench.sources)
    names = {name for (name,) in bench.query("select file_name from pipeline.exports")}
    assert names == {"[erased].json", "nobody/list.csv"}
    assert holding(bench) == []


def test_where_nobody_was_erased_nothing_is_left_out(tmp_path):
    other = make_bench(tmp_path / "other")
    other.land("sendgrid/held.json", f"{{broken by {GONE}\n")
    other.load()
    assert (other.kept("held.json") / "original").exists()
