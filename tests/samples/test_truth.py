"""The truth files fit the exports, and what they call planted is there to be found."""

import json
from collections import Counter

import duckdb
import pytest


@pytest.fixture(scope="module")
def truth(written):
    rows = duckdb.execute(f"select * from read_parquet('{written.truth}')")
    names = [column[0] for column in rows.description]
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def _rates(drawn, query):
    return dict(drawn.execute(query).fetchall())


def test_every_sendgrid_delivery_is_in_the_truth_as_often_as_it_was_delivered(written, truth):
    delivered = Counter(record.body["sg_event_id"] for record in written.sendgrid)
    assert delivered == {row["event_id"]: row["deliveries"] for row in truth if row["source"] == "sendgrid"}


def test_every_segment_call_is_in_the_truth(written, truth):
    delivered = Counter(record.body["messageId"] for record in written.segment)
    assert delivered == {row["event_id"]: row["deliveries"] for row in truth if row["source"] == "segment"}


def test_postmark_events_are_found_by_message_kind_and_time(written, truth):
    names = {"Delivery": "delivered", "Open": "open", "Click": "click"}
    delivered = Counter(
        (record.body["MessageID"], names[record.body["RecordType"]])
        for record in {record.text: record for record in written.postmark}.values()
        if record.body["RecordType"] in names
    )
    known = Counter(
        (row["esp_message_id"], row["event"])
        for row in truth
        if row["source"] == "postmark" and row["event"] in names.values()
    )
    assert delivered == known


def test_a_flagged_open_is_apple_s_and_an_unflagged_one_only_looks_like_it(written, truth):
    classes = {row["event_id"]: row["class"] for row in truth if row["source"] == "sendgrid"}
    for record in written.sendgrid:
        if record.body["event"] != "open":
            continue
        kind = classes[record.body["sg_event_id"]]
        assert (record.body.get("sg_machine_open") is True) == (kind == "mpp_flagged")
        assert (record.body["useragent"] == "Mozilla/5.0") == kind.startswith("mpp")
        if kind == "mpp_flagged":
            assert record.body["ip"].startswith("17.")
        if "GoogleImageProxy" in record.body["useragent"]:
            assert kind in ("human", "prefetch")
    assert {"mpp_flagged", "mpp_unflagged", "mpp_person"} <= set(classes.values())


def test_machines_stay_on_a_page_for_nobody(written, truth):
    machines = {
        (row["esp_message_id"], row["occurred_at"].strftime("%Y-%m-%dT%H:%M:%S.%f"))
        for row in truth
        if row["source"] == "postmark" and row["actor"] == "machine"
    }
    assert machines
    for record in written.postmark:
        if record.body["RecordType"] == "Open" and record.body["ReadSeconds"] > 0:
            assert (record.body["MessageID"], record.body["ReceivedAt"][:26]) not in machines


def test_the_planted_facts_stand_beside_the_truth(written):
    facts = json.loads(written.truth.with_suffix(".json").read_text())
    assert facts["driver"]["micro_conversion"] == "download"
    assert facts["distraction"]["micro_conversion"] == "video_view"
    assert facts["experiments"]["promotion_holdout"]["control"] == "holdout"
    assert {"mail", "mail, after a download", "organic"} == set(facts["orders"])
    assert facts["mailshots"]["clicked"] < facts["mailshots"]["open_recorded"] < facts["mailshots"]["read"]


def test_the_hidden_side_of_every_subscriber_is_told(written):
    subscribers = written.truth.with_name("truth_subscribers.parquet")
    rows = duckdb.sql(f"select count(*), count(best_hour), count(interest_1) from read_parquet('{subscribers}')")
    assert set(rows.fetchone()) == {written.summary.subscribers}


def test_a_download_drives_orders_and_a_video_does_not(drawn):
    ordered = _rates(
        drawn,
        "select case when v.downloads then 'download' when v.element = 'video' then 'video' else 'other' end, "
        "avg(cast(o.order_id is not null as integer)) from visits v left join orders o on v.k = o.k "
        "where v.origin = 'mail' and v.is_shopping = 1 group by 1",
    )
    assert ordered["video"] == 0
    assert ordered["download"] - ordered["other"] == pytest.approx(0.22, abs=0.05)


def test_the_video_draws_most_clicks_of_a_newsletter(drawn):
    clicks = drawn.execute(
        "select element from human_clicks join mailings using (mailing_no) where kind = 'newsletter' "
        "group by element order by count(*) desc limit 1"
    ).fetchone()
    assert clicks == ("video",)


@pytest.mark.parametrize(
    ("experiment", "measure", "least", "most"),
    [
        ("subject_question", "m.read_at is not null", 1.2, 1.5),
        ("footer_colour", "m.read_at is not null", 0.85, 1.15),
        ("guide_first", "exists (from human_clicks c where c.k = m.k and c.element = 'guide')", 2.0, 6.0),
        ("video_hero", "exists (from human_clicks c where c.k = m.k and c.element = 'video')", 1.3, 3.0),
    ],
)
def test_an_experiment_does_what_it_was_planted_to_do(drawn, experiment, measure, least, most):
    rates = _rates(
        drawn,
        f"select a.variant, avg(cast({measure} as integer)) from messages m join mailings g using (mailing_no) "
        "join assignments a on a.experiment = g.experiment and a.subscriber_no = m.subscriber_no "
        f"where g.experiment = '{experiment}' and m.fate <> 'dropped' group by 1",
    )
    assert least < rates["B"] / rates["A"] < most


def test_mail_at_the_reader_s_best_hour_is_read_more(drawn):
    near, far = drawn.execute(
        "with s as (select m.read_at is not null as is_read, "
        "circular_hours((hour(m.sent_at) + c.offset_hours + 24) % 24, s.best_hour) as distance "
        "from messages m join subscribers s using (subscriber_no) join clocks c on c.time_zone = s.time_zone "
        "and c.day_on = cast(m.sent_at as date) where m.kind = 'newsletter') "
        "select avg(cast(is_read as integer)) filter (where distance <= 1), "
        "avg(cast(is_read as integer)) filter (where distance >= 6) from s"
    ).fetchone()
    assert near > 2 * far


def test_readers_click_what_interests_them(drawn):
    own, other = drawn.execute(
        "select count(*) filter (where content_category = interest_1), "
        "count(*) filter (where content_category not in (interest_1, coalesce(interest_2, ''))) / 4.0 "
        "from human_clicks join subscribers using (subscriber_no)"
    ).fetchone()
    assert own > 2 * other
