"""A verdict is found anew where something that it stands on has changed, and only there."""

from __future__ import annotations

import shutil
from contextlib import closing

import duckdb
import pytest

from orchestration.exports import ledger
from tests.classification import build, load
from tests.payloads import land, sendgrid
from tests.pipeline.running import settings_of, stored

VERDICTS = ("int_click_actors", "int_open_actors")
AS_IT_WAS = 0.125
HOUR = 3600


def message(reader: str, domain: str, *links: str, at: int = 2 * HOUR) -> list[dict]:
    """A message that a person opened, and in which links were clicked, all at once."""
    address = f"{reader}@{domain}"
    return [
        sendgrid("delivered", address, reader, 0),
        sendgrid("open", address, reader, HOUR),
        *clicks(reader, domain, *links, at=at),
    ]


def clicks(reader: str, domain: str, *links: str, at: int) -> list[dict]:
    url = "https://shop.example/"
    return [sendgrid("click", f"{reader}@{domain}", reader, at, url=url + link) for link in links]


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """Four messages with a click each, judged; the verdicts are marked, so that finding one anew would show."""
    settings = settings_of(tmp_path_factory.mktemp("judged"))
    people = [("ann", "a.example"), ("ben", "b.example"), ("cem", "c.example"), ("dee", "c.example")]
    land(settings.home, "sendgrid/first.json", [event for person in people for event in message(*person, "one")])
    judge(settings)
    with closing(duckdb.connect(str(settings.warehouse_path))) as warehouse:
        for table in VERDICTS:
            warehouse.execute(f"update intermediate.{table} set score = {AS_IT_WAS}")
    return settings.home


@pytest.fixture
def home(judged, tmp_path):
    """A copy of that home, for a test that goes on from there."""
    return settings_of(shutil.copytree(judged, tmp_path / "home"))


def judge(settings) -> None:
    load(settings)
    build(settings, ["int_event_actors", "int_email_events"])


def found_anew(settings) -> set[str]:
    """Whose verdicts were found anew, by the beginning of the address."""
    rows = stored(
        settings,
        f"""
        select distinct split_part(email, '@', 1)
        from intermediate.int_event_actors inner join restricted.subscriber_identities using (subscriber_key)
        where score != {AS_IT_WAS}
        """,
    )
    return {name for (name,) in rows}


def actors(settings, reader: str) -> list[str]:
    rows = stored(
        settings,
        f"""
        select actor
        from intermediate.int_event_actors inner join restricted.subscriber_identities using (subscriber_key)
        where email like '{reader}@%' and event_type = 'clicked' order by occurred_at
        """,
    )
    return [actor for (actor,) in rows]


def test_a_late_burst_reclassifies_the_message_it_touches_and_no_other(home):
    assert actors(home, "ann") == ["human"]
    land(home.home, "sendgrid/late.json", clicks("ann", "a.example", *"bcdef", at=2 * HOUR))
    judge(home)
    assert actors(home, "ann") == ["machine"] * 6
    assert found_anew(home) == {"ann"}


def test_a_withdrawn_burst_gives_the_message_back_to_the_person(home):
    land(home.home, "sendgrid/late.json", clicks("ann", "a.example", *"bcdef", at=2 * HOUR))
    judge(home)
    with closing(duckdb.connect(str(home.warehouse_path))) as warehouse:
        (late,) = warehouse.execute("select export_id from pipeline.exports where file_name = 'late.json'").fetchone()
        ledger.withdraw(warehouse, late, "sent by mistake")
    judge(home)
    assert actors(home, "ann") == ["human"]
    assert found_anew(home) == {"ann"}


def test_what_is_learnt_of_a_domain_moves_the_verdicts_there(home):
    scanned = [
        event
        for number in range(20)
        for event in [
            sendgrid("delivered", f"r{number}@c.example", f"r{number}", 0),
            *clicks(f"r{number}", "c.example", *"abcdef", at=30),
        ]
    ]
    land(home.home, "sendgrid/scans.json", scanned)
    judge(home)
    assert {"cem", "dee"} <= found_anew(home)
    assert not {"ann", "ben"} & found_anew(home)


def test_a_delivery_that_is_heard_of_late_touches_its_message(home):
    land(home.home, "sendgrid/late.json", [sendgrid("delivered", "ben@b.example", "ben", 2 * HOUR - 1)])
    land(home.home, "sendgrid/first-again.json", [sendgrid("processed", "ben@b.example", "ben", -60)])
    judge(home)
    assert found_anew(home) == {"ben"}


def test_other_declared_links_are_held_against_every_click(home):
    land(home.home, "links/links.csv", "campaign_id,url_pattern,element,is_hidden\n,/one$,trap,true\n")
    judge(home)
    assert found_anew(home) == {"ann", "ben", "cem", "dee"}
    assert actors(home, "ann") == ["machine"]


def test_an_event_that_comes_again_touches_what_it_belongs_to_and_counts_once(home):
    land(home.home, "sendgrid/again.json", message("ann", "a.example", "one"))
    judge(home)
    assert actors(home, "ann") == ["human"]
    assert found_anew(home) == {"ann"}
