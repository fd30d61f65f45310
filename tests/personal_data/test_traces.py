"""An address is found and taken out however it is written, and no longer one is touched."""

from __future__ import annotations

import json
from urllib.parse import quote

import duckdb
import pytest

from orchestration.exports import ledger
from orchestration.personal_data import retained, traces

ADDRESSES = ["joe.gone@example.com", "o'brien+news@ex-ample.co.uk", "jörg@müller.example", "a_b%c@x.com"]
WRITINGS = {
    "plain": str,
    "capitals": str.upper,
    "as a sentence has it": "Write to {}.".format,
    "with a name": "Joe <{}>,".format,
    "side by side": lambda a: f"{a},{a};{a}",
    "in a link": lambda a: f"https://shop.example/?to={quote(a)}&n=1",
    "in a link within a link": lambda a: f"https://x.example/?u={quote(quote(f'https://y.example/?to={quote(a)}'))}",
    "every byte percent-encoded": lambda a: "".join(f"%{byte:02X}" for byte in a.encode()),
    "as JSON": json.dumps,
    "as JSON within JSON": lambda a: json.dumps(json.dumps({"email": a})),
    "every character escaped": lambda a: "".join(f"\\u{ord(c):04x}" for c in a),
    "between escaped line breaks": lambda a: json.dumps(f"first\n{a}\r\nlast"),
    "in an escaped query": lambda a: f"?to%3D{quote(a)}%26n%3D1",
    "as a file's name": "exports/{}.json.gz".format,
    "as a link of its own": "mailto:{}?subject=x".format,
}


@pytest.fixture(scope="module")
def sql():
    with duckdb.connect() as connection:
        yield lambda expression, **values: connection.execute(f"select {expression}", values).fetchone()[0]


@pytest.mark.parametrize("writing", WRITINGS)
@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_found_and_taken_out_in_every_writing(sql, address, writing):
    text, pattern = WRITINGS[writing](address), traces.pattern(address)
    assert traces.is_in(address, text) and sql(traces.mentions("$text", "$pattern"), text=text, pattern=pattern)
    for without in (
        traces.replaced(address, text),
        sql(traces.redacted("$text", "$pattern"), text=text, pattern=pattern),
    ):
        assert traces.REDACTED in without
        assert not traces.is_in(address, without)
        assert not sql(traces.mentions("$text", "$pattern"), text=without, pattern=pattern)


@pytest.mark.parametrize("writing", WRITINGS)
@pytest.mark.parametrize("address", ADDRESSES)
def test_it_is_among_the_addresses_of_a_text(sql, address, writing):
    text = f'{{"note": "{WRITINGS[writing](address)}"}}'
    assert address in traces.addresses_in(text)
    assert address in {a for piece in sql(traces.pieces("$text"), text=text) for a in traces.addresses_in(piece)}


@pytest.mark.parametrize("around", ["x{}", "{}m", "x.{}", "news+{}", "{}.au", "%41{}", "ö{}", "{}-x"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_longer_address_is_somebody_elses(sql, address, around):
    text = around.format(address)
    assert not traces.is_in(address, text)
    assert not sql(traces.mentions("$text", "$pattern"), text=text, pattern=traces.pattern(address))


def test_an_address_is_erased_in_each_way_that_it_may_be_given():
    composed = "jörg@müller.example"
    forms = traces.variants(composed)
    assert {composed, "jörg@xn--mller-kva.example", "jo\u0308rg@mu\u0308ller.example"} <= set(forms)
    assert traces.variants("jörg@xn--mller-kva.example")[1] == composed
    assert traces.variants("joe@example.com") == ["joe@example.com"]


def test_retained_events_of_anybody_lose_the_address():
    with duckdb.connect() as warehouse:
        ledger.create_schema(warehouse)
        for number, link in enumerate(["https://shop.example/joe%40example.com", "https://shop.example/", None]):
            warehouse.execute(
                "insert into retained.email_event_records (position, url, url_query) values (?, ?, ?)",
                [number, link, "to=joe@example.com" if number == 0 else "to=ajoe@example.com"],
            )
        assert retained.redact(warehouse, "joe@example.com") == 1
        assert warehouse.execute(
            "select url, url_query from retained.email_event_records order by position"
        ).fetchall() == [
            ("https://shop.example/[erased]", "to=[erased]"),
            ("https://shop.example/", "to=ajoe@example.com"),
            (None, "to=ajoe@example.com"),
        ]
