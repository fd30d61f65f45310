"""Machines are told from people, and move nothing that is a person's."""

from __future__ import annotations

from contextlib import closing

import duckdb
import pytest

from orchestration.settings import Settings
from tests.classification import build, classified, hold_against_truth, load, score
from tests.payloads import journey, land, order, sendgrid
from tests.pipeline.running import settings_of

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
LINKS = [f"https://shop.example/{path}" for path in ("hero", "story", "video", "guide.pdf", "unsubscribe")]
PEOPLES_TABLES = ("dim_subscribers", "subscriber_interests", "segment_membership", "fct_micro_conversions")
MARTS = (*PEOPLES_TABLES, "campaign_performance", "campaign_funnel", "machine_traffic_daily")
READERS = [f"reader{n}@example.com" for n in range(1, 9)]


def _rows(settings: Settings, query: str) -> list[tuple]:
    with closing(duckdb.connect(str(settings.warehouse_path), read_only=True)) as connection:
        return connection.execute(query).fetchall()


def _people() -> list[dict]:
    """Four mails to eight readers, some of whom open and click, the last without pictures; each mail a campaign."""
    events = []
    for mail in range(4):
        for number, email in enumerate(READERS):
            message, begin = f"mail{mail}-{number}", mail * 86_400 * 3
            steps = journey(email, message, begin)
            kept = steps if number % 4 == mail % 4 else steps[:3] if number % 3 == mail % 3 else steps[:2]
            events += [{**step, "campaign_id": f"c{mail}", "useragent": IPHONE} for step in kept]
    return [event for event in events if event["event"] != "open" or event["sg_message_id"] != "mail3-7.filter0001.1.0"]


def _machines() -> list[dict]:
    """A privacy proxy's open of every mail, flagged or not, and a scanner's clicks on half of them."""
    events = []
    for mail in range(4):
        for number, email in enumerate(READERS):
            message, begin = f"mail{mail}-{number}", mail * 86_400 * 3
            shared = {"campaign_id": f"c{mail}", "email": email, "message": message}
            flag = {} if number % 2 else {"sg_machine_open": True}
            events.append(sendgrid("open", **shared, at=begin + 50 + number, useragent="Mozilla/5.0", **flag))
            if number % 2:
                for url in LINKS:
                    events.append(sendgrid("click", **shared, at=begin + 45, url=url, useragent="Scan", ip="192.0.2.9"))
    return events


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory):
    """A home before and after machines came: its settings, and what its tables of people held before."""
    settings = settings_of(tmp_path_factory.mktemp("machines"))
    land(settings.home, "sendgrid/people.json", _people())
    land(settings.home, "segment/shop.json", [order("o1", 20.5, READERS[0], at=9_000)])
    land(settings.home, "links/links.csv", "url_pattern,element,content_category\nguide[.]pdf$,guide,gardening\n")
    load(settings)
    build(settings, MARTS)
    before = {table: _rows(settings, f"from marts.{table} order by all") for table in PEOPLES_TABLES}
    land(settings.home, "sendgrid/machines.json", _machines())
    load(settings)
    build(settings, MARTS)
    return settings, before


@pytest.mark.parametrize("table", PEOPLES_TABLES)
def test_proxies_and_scanners_move_nothing_of_a_subscriber(disturbed, table):
    settings, before = disturbed
    assert before[table]
    assert _rows(settings, f"from marts.{table} order by all") == before[table]


def test_rows_of_machines_are_kept_and_open_rates_leave_their_deliveries_out_of_both_sides(disturbed):
    settings, _ = disturbed
    assert _rows(
        settings,
        "select sum(opens), sum(machine_opens), sum(clicks), sum(machine_clicks), sum(delivered), "
        "sum(open_measurable), sum(human_unique_opens) from marts.campaign_performance",
    ) == [(46, 32, 88, 80, 32, 14, 14)]


def test_the_day_tells_who_clicked_and_mostly_why(disturbed):
    settings, _ = disturbed
    assert _rows(
        settings,
        "select recipient_domain, opens, machine_opens, clicks, machine_clicks, machine_click_share, top_reason "
        "from marts.machine_traffic_daily order by day_on limit 1",
    ) == [(None, 12, 8, 22, 20, 20 / 22, "tight_burst")]


def test_a_click_shows_an_open_to_the_funnel_but_not_to_open_rates(disturbed):
    settings, _ = disturbed
    assert _rows(settings, "select sum(messages) from marts.campaign_funnel where step = 'open'") == [(15,)]
    assert _rows(settings, "select sum(human_unique_opens) from marts.campaign_performance") == [(14,)]


def test_a_burst_that_arrives_later_reclassifies_the_earlier_click_and_an_unsubscribe_stands(tmp_path):
    settings = settings_of(tmp_path)
    message = [sendgrid("processed"), sendgrid("delivered", at=2), sendgrid("click", at=45, url=LINKS[0])]
    verdicts = (
        "select actor, count(*) from intermediate.int_email_events where event_type = 'clicked' group by all order by 1"
    )
    land(tmp_path, "sendgrid/a.json", [*message, *journey(READERS[1], "another message")])
    load(settings)
    build(settings, ["int_messages"])
    assert _rows(settings, verdicts) == [("human", 2)]
    land(tmp_path, "sendgrid/b.json", [sendgrid("click", at=45, url=url) for url in LINKS[1:]])
    land(tmp_path, "sendgrid/c.json", [sendgrid("unsubscribe", at=46)])
    load(settings)
    build(settings, ["int_messages"])
    assert _rows(settings, verdicts) == [("human", 1), ("machine", 5)]
    assert _rows(
        settings, "select human_clicks, unsubscribed_at is not null from intermediate.int_messages order by 1"
    ) == [(0, True), (1, False)]


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """A small world of a seed that no weight was chosen on."""
    settings = classified(tmp_path_factory.mktemp("judged"), events=50_000, seed=977, days=40)
    with hold_against_truth(settings) as connection:
        yield connection


def test_every_open_and_click_has_a_verdict_with_its_reasons_and_the_rules_version(judged):
    (events, verdicts, versions) = judged.execute(
        "select (select count(*) from warehouse.intermediate.int_event_actors), count(*), count(distinct rule_version) "
        "from judged where score between 0 and 1 and (actor <> 'machine' or reasons is not null)"
    ).fetchone()
    assert events == verdicts > 5_000
    assert versions == 1


def test_clicks_of_machines_are_found_and_people_are_not_accused(judged):
    clicks = score(judged, "ours", "event_type = 'clicked'")
    assert clicks.precision >= 0.97
    assert clicks.recall >= 0.90


@pytest.mark.parametrize(
    "baseline", ["Mautic, 2 of 3 points", "within 10 seconds of delivery", "Twenty, 3 links in 10 seconds"]
)
def test_clicks_are_told_apart_far_better_than_by_a_simpler_rule(judged, baseline):
    ours, theirs = (score(judged, rule, "event_type = 'clicked'") for rule in ("ours", baseline))
    assert ours.f1 > theirs.f1 + 0.05
    assert ours.recall > theirs.recall


def test_opens_with_a_flag_or_an_agent_of_a_machine_are_found(judged):
    known = "event_type = 'opened' and (flag or agent_kind in ('privacy_proxy', 'image_proxy', 'scanner'))"
    opens = score(judged, "ours", known)
    assert opens.precision >= 0.97
    assert opens.recall >= 0.95
