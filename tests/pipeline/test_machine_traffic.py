"""Machines are told from people, and move nothing that is a person's."""

from __future__ import annotations

import shutil
from contextlib import closing

import duckdb
import pytest

from orchestration.settings import Settings
from tests.classification import build, classified, hold_against_truth, load, score
from tests.payloads import journey, land, order, sendgrid
from tests.pipeline.running import settings_of

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
LINKS = [f"https://shop.example/{path}" for path in ("hero", "story", "video", "guide.pdf", "unsubscribe")]
PEOPLES_TABLES = (
    "dim_subscribers",
    "subscriber_engagement_daily",
    "subscriber_interests",
    "segment_membership",
    "send_time",
    "unsubscribe_risk",
    "fct_micro_conversions",
    "segment_performance",
    "cohort_retention",
    "deliverability_daily",
)
ELEMENTS = "select * from marts.content_elements where human_clicks > 0 order by all"
MARTS = (
    *PEOPLES_TABLES,
    "content_elements",
    "frequency_fatigue",
    "frequency_fatigue_weekly",
    "campaign_performance",
    "campaign_funnel",
    "machine_traffic_daily",
)
# Each mail is sent three days and two hours after the one before it.
STEP = 86_400 * 3 + 7_200
READERS = [f"reader{n}@example.com" for n in range(1, 9)]


def _rows(settings: Settings, query: str) -> list[tuple]:
    with closing(duckdb.connect(str(settings.warehouse_path), read_only=True)) as connection:
        return connection.execute(query).fetchall()


def _people() -> list[dict]:
    """Four mails to eight readers, some of whom open and click, the last without pictures; each mail a campaign.

    One reader leaves.
    """
    events = []
    for mail in range(4):
        for number, email in enumerate(READERS):
            message, begin = f"mail{mail}-{number}", mail * STEP
            steps = journey(email, message, begin)
            kept = steps if number % 4 == mail % 4 else steps[:3] if number % 3 == mail % 3 else steps[:2]
            events += [{**step, "campaign_id": f"c{mail}", "useragent": IPHONE} for step in kept]
    events.append(sendgrid("unsubscribe", READERS[1], "mail3-1", 3 * STEP + 600, campaign_id="c3"))
    return [event for event in events if event["event"] != "open" or event["sg_message_id"] != "mail3-7.filter0001.1.0"]


def _machines() -> list[dict]:
    """A privacy proxy's open of every mail, flagged or not, and a scanner's clicks on half of them."""
    events = []
    for mail in range(4):
        for number, email in enumerate(READERS):
            message, begin = f"mail{mail}-{number}", mail * STEP
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
    before["elements"] = _rows(settings, ELEMENTS)
    before["contexts"] = _rows(settings, "from intermediate.int_message_contexts order by all")
    land(settings.home, "sendgrid/machines.json", _machines())
    load(settings)
    build(settings, MARTS)
    return settings, before


@pytest.mark.parametrize("table", PEOPLES_TABLES)
def test_proxies_and_scanners_move_nothing_of_a_subscriber(disturbed, table):
    settings, before = disturbed
    assert before[table]
    assert _rows(settings, f"from marts.{table} order by all") == before[table]


def test_there_are_scores_interests_hours_and_risks_that_machines_could_have_moved(disturbed):
    settings, _ = disturbed
    assert _rows(
        settings,
        "select (select bool_and(engagement_score > 0) from marts.dim_subscribers where is_subscribed), "
        "(select count(*) > 0 from marts.subscriber_interests), "
        "(select bool_and(best_hour_of_week is not null) from marts.send_time), "
        "(select sum(responses) from marts.send_time), "
        "(select count(probability_unsubscribe) from marts.unsubscribe_risk)",
    ) == [(True, True, True, 15, 7)]


def test_machines_click_no_element_and_change_no_pressure(disturbed):
    settings, before = disturbed
    assert before["elements"]
    assert _rows(settings, ELEMENTS) == before["elements"]
    assert _rows(
        settings, "select count(*) > 0, sum(conversions) from marts.content_elements where human_clicks = 0"
    ) == [(True, 0)]
    assert _rows(settings, "from intermediate.int_message_contexts order by all") == before["contexts"]


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


@pytest.fixture(scope="module")
def burst_upon(tmp_path_factory):
    """A home before and after a burst arrived late: a function that tells what a query said then and says now."""
    settings = settings_of(tmp_path_factory.mktemp("late"))
    message = [sendgrid("processed"), sendgrid("delivered", at=2), sendgrid("click", at=45, url=LINKS[0])]
    neighbours = [step for n in range(9) for step in journey(f"neighbour{n}@example.com", f"neighbour{n}", 60 * n)]
    others = [step for n in range(9) for step in journey(f"other{n}@elsewhere.example", f"other{n}", 60 * n)]
    marts = ("fct_micro_conversions", "campaign_performance", "machine_traffic_daily")
    land(settings.home, "sendgrid/a.json", [*message, *neighbours, *others])
    land(settings.home, "segment/shop.json", [order("o1", 20.5, "reader1@example.com", at=9_000)])
    load(settings)
    build(settings, marts)
    early = settings.home / "early.duckdb"
    shutil.copy(settings.warehouse_path, early)
    land(settings.home, "sendgrid/b.json", [sendgrid("click", at=45, url=url) for url in LINKS[1:]])
    land(settings.home, "sendgrid/c.json", [sendgrid("unsubscribe", at=46)])
    load(settings)
    build(settings, marts)

    def then_and_now(query: str) -> tuple[list[tuple], list[tuple]]:
        with closing(duckdb.connect()) as connection:
            told = []
            for path in (early, settings.warehouse_path):
                connection.execute(f"attach '{path}' as warehouse (read_only)")
                connection.execute("use warehouse")
                told.append(connection.execute(query).fetchall())
                connection.execute("use memory")
                connection.execute("detach warehouse")
            return tuple(told)

    return then_and_now


READERS_EVENTS = (
    "intermediate.int_email_events as e join restricted.subscriber_identities as i using (subscriber_key) "
    "where i.email = 'reader1@example.com'"
)


def test_a_burst_that_arrives_later_reclassifies_the_earlier_click(burst_upon):
    said = f"select actor, count(*) from {READERS_EVENTS} and event_type = 'clicked' group by all"
    assert burst_upon(said) == ([("human", 1)], [("machine", 5)])


def test_everything_downstream_follows_the_new_verdict(burst_upon):
    reader = "join restricted.subscriber_identities as i using (subscriber_key) where i.email = 'reader1@example.com'"
    assert burst_upon(f"select human_clicks, conversions from marts.fct_messages as m {reader}") == (
        [(1, 1)],
        [(0, 0)],
    ), "the order is no longer credited to the click"
    assert burst_upon(
        f"select count(*) from marts.fct_micro_conversions as c {reader} and micro_conversion = 'click'"
    ) == ([(1,)], [(0,)])
    assert burst_upon("select sum(human_unique_clicks) from marts.campaign_performance") == ([(19,)], [(18,)])
    assert burst_upon("select sum(machine_clicks) from marts.machine_traffic_daily") == ([(0,)], [(5,)])


def test_an_unsubscribe_stands_whoever_clicked(burst_upon):
    said = f"select bool_or(event_type = 'unsubscribed'), bool_or(actor = 'machine') from {READERS_EVENTS}"
    assert burst_upon(said) == ([(False, False)], [(True, True)])
    assert burst_upon("select count(unsubscribed_at) from intermediate.int_messages") == ([(0,)], [(1,)])


def test_a_late_burst_moves_the_verdicts_of_its_message_and_else_only_what_its_domain_is_known_for(burst_upon):
    """One burst among ten messages is too little to be known for, so that here nothing else moves."""
    others = (
        "select event_key, actor, class, score, reasons from intermediate.int_event_actors as a "
        "join restricted.subscriber_identities as i using (subscriber_key) "
        "where i.email <> 'reader1@example.com' order by all"
    )
    then, now = burst_upon(others)
    assert len(then) == 36
    assert now == then


def test_a_closed_cohort_keeps_its_verdicts_whatever_its_domain_and_campaign_do_later(tmp_path):
    settings = settings_of(tmp_path)
    old = [step for n in range(4) for step in (sendgrid("delivered", f"reader{n}@example.com", f"old{n}"),
           sendgrid("click", f"reader{n}@example.com", f"old{n}", at=50, url=LINKS[n]))]  # fmt: skip
    later = 86_400 * 25
    scans = [sendgrid("click", f"reader{n}@example.com", f"new{n}", at=later + 45, url=f"{url}?{n}/{m}")
             for n in range(60) for m, url in enumerate(LINKS)]  # fmt: skip
    verdicts = (
        "select event_key, actor, score, reasons from intermediate.int_event_actors "
        "where occurred_at < timestamp '2026-09-10' order by all"
    )
    land(tmp_path, "sendgrid/old.json", old)
    load(settings)
    build(settings, ["int_event_actors"])
    before = _rows(settings, verdicts)
    land(tmp_path, "sendgrid/new.json", scans)
    load(settings)
    build(settings, ["int_event_actors"])
    assert len(before) == 4
    assert _rows(settings, verdicts) == before
    assert _rows(settings, "select max(scanned_share) > 0.8 from intermediate.int_domain_scans") == [(True,)]


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
