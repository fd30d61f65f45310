"""The exports look like the vendors', deliver like webhooks, and hold nobody's data."""

import csv
import ipaddress
import json
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from orchestration.samples.exports import WRAPPINGS

RESERVED_DOMAINS = re.compile(r"(^|\.)(example|example\.(com|net|org))$")
RESERVED_NETWORKS = [
    ipaddress.ip_network(network)
    # Documentation, and the range by which Apple's privacy proxy is known.
    for network in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "17.0.0.0/8")
]


def _rows(landing, source):
    for file in sorted((landing / source).rglob("*.csv")):
        with file.open(newline="") as opened:
            yield from csv.DictReader(opened)


def test_every_wrapping_occurs_and_single_bodies_too(written):
    names = [str(file) for file in written.summary.files]
    for wrapping in WRAPPINGS:
        assert any(name.endswith(wrapping.suffix) for name in names), wrapping
    for source in ("sendgrid", "postmark", "segment"):
        assert sum(name.startswith(f"{source}/") and "/bodies/" in name for name in names) == 3


def test_addresses_stand_in_reserved_domains_only(written):
    for record in [*written.sendgrid, *written.postmark, *written.segment]:
        for address in re.findall(r"[\w.+-]+@([\w.-]+)", re.sub(r'"smtp-id": "[^"]*"', "", record.text)):
            assert RESERVED_DOMAINS.search(address), address
    for row in _rows(written.landing, "subscribers"):
        assert RESERVED_DOMAINS.search(row["email"].lower().split("@")[1])


def test_network_addresses_stand_in_documentation_ranges(written):
    found = Counter()
    for record in [*written.sendgrid, *written.postmark, *written.segment]:
        for text in re.findall(r'"(?:ip|IP)": "([^"]*)"', record.text):
            address = ipaddress.ip_address(text)
            found[next((n for n in RESERVED_NETWORKS if address.version == n.version and address in n), address)] += 1
    assert set(found) == set(RESERVED_NETWORKS)


def test_sendgrid_events_carry_what_the_event_webhook_sends(written):
    kinds = defaultdict(list)
    for record in written.sendgrid:
        kinds[record.body["event"]].append(record.body)
    assert {"processed", "delivered", "open", "click", "bounce", "deferred", "dropped"} <= set(kinds)

    for events in kinds.values():
        for event in events:
            assert isinstance(event["timestamp"], int)
            assert {"email", "sg_event_id", "category", "campaign_id", "campaign_name"} <= set(event)
            assert ("sg_message_id" in event) == ("smtp-id" in event)
    assert all(".filter" in event["sg_message_id"] for event in kinds["processed"])
    assert all({"url", "url_offset", "useragent", "ip"} <= set(event) for event in kinds["click"])
    assert all({"useragent", "ip", "sg_content_type"} <= set(event) for event in kinds["open"])
    assert {event["type"] for event in kinds["bounce"]} == {"bounce", "blocked"}
    assert {type(event["category"]) for event in kinds["delivered"]} == {str, list}
    assert {event.get("sg_machine_open") for event in kinds["open"]} == {True, False, None}
    assert {event["reason"] for event in kinds["dropped"]} <= {
        "Bounced Address",
        "Unsubscribed Address",
        "Spam Reporting Address",
    }


def test_postmark_records_carry_what_its_webhooks_send(written):
    kinds = defaultdict(list)
    for record in written.postmark:
        kinds[record.body["RecordType"]].append(record.body)
    assert {"Delivery", "Open", "Click", "Bounce"} <= set(kinds)

    for opened in kinds["Open"]:
        assert set(opened["Client"]) == set(opened["OS"]) == {"Name", "Company", "Family"}
        assert {"Recipient", "ReceivedAt", "FirstOpen", "ReadSeconds", "Platform", "MessageID"} <= set(opened)
        assert 0 <= opened["ReadSeconds"] <= 20
    assert any(opened["ReadSeconds"] >= 8 for opened in kinds["Open"])
    assert all({"OriginalLink", "ClickLocation"} <= set(clicked) for clicked in kinds["Click"])
    assert all({"ID", "Type", "TypeCode", "Email", "BouncedAt"} <= set(bounced) for bounced in kinds["Bounce"])
    assert all(re.search(r"\.\d{7}Z$", delivered["DeliveredAt"]) for delivered in kinds["Delivery"])


def test_no_two_postmark_events_share_the_key_that_tells_them_apart(written):
    bodies = {record.text: record.body for record in written.postmark}.values()
    keys = Counter(
        (
            body["MessageID"],
            body["RecordType"],
            body.get("Recipient", body.get("Email")),
            next(body[k] for k in ("ReceivedAt", "DeliveredAt", "BouncedAt", "ChangedAt") if k in body),
            body.get("OriginalLink"),
        )
        for body in bodies
    )
    assert max(keys.values()) == 1


def test_segment_calls_tell_who_where_and_what(written):
    events = defaultdict(list)
    for record in written.segment:
        assert {"type", "messageId", "timestamp", "anonymousId", "context"} <= set(record.body)
        events[record.body.get("event", record.body["type"])].append(record.body)
    assert {"Page Viewed", "Page Engaged", "Video Watched", "Downloaded Guide", "Order Completed", "Signed Up"} <= set(
        events
    )
    assert {"Demo Requested", "Form Submitted", "identify"} <= set(events)

    assert all(call["properties"]["engaged_seconds"] >= 2 for call in events["Page Engaged"])
    assert all(0 <= call["properties"]["percent_watched"] <= 100 for call in events["Video Watched"])
    for order in events["Order Completed"]:
        assert order["properties"]["order_id"] and order["properties"]["total"] > 0
        assert order["properties"]["currency"] == "USD"
    assert any("revenue" not in order["properties"] for order in events["Order Completed"])
    assert all(call["traits"]["email"] and call["userId"] for call in events["identify"])
    assert any("campaign" in call["context"] for call in events["Page Viewed"])


def test_a_page_that_names_a_message_names_one_that_was_sent(written):
    sent = {r.body["sg_message_id"].split(".")[0] for r in written.sendgrid if "sg_message_id" in r.body}
    sent |= {r.body["MessageID"] for r in written.postmark}
    named = [
        re.search(r"mc_mid=([^&]+)", record.body["context"]["page"]["search"])[1]
        for record in written.segment
        if "mc_mid=" in record.body["context"].get("page", {}).get("search", "")
    ]
    assert len(named) > 100
    assert set(named) <= sent


@pytest.mark.parametrize("source", ["sendgrid", "postmark", "segment"])
def test_about_one_event_in_twenty_is_delivered_again_word_for_word_in_another_file(written, source):
    delivered = defaultdict(list)
    for record in getattr(written, source):
        delivered[record.text].append(record.file)

    again = [files for files in delivered.values() if len(files) > 1]
    assert all(len(files) == 2 and files[0] != files[1] for files in again)
    assert len(again) / len(delivered) == pytest.approx(0.047, abs=0.013)


def test_an_event_id_stands_for_one_payload(written):
    texts = defaultdict(set)
    for record in written.sendgrid:
        texts[record.body["sg_event_id"]].add(record.text)
    assert {len(found) for found in texts.values()} == {1}
    assert len(texts) + len({r.text for r in written.postmark}) == written.summary.email_events


def test_a_share_of_events_arrives_in_a_later_file_up_to_days_late(written):
    stretch = timedelta(days=7)
    first = {}
    for record in written.sendgrid:
        begin = datetime.strptime(re.search(r"-(\d{8})", record.file.name)[1], "%Y%m%d").replace(tzinfo=UTC)
        occurred_at = datetime.fromtimestamp(record.body["timestamp"], UTC)
        assert begin + stretch > occurred_at - timedelta(seconds=1), "an event stands in a file before its time"
        assert begin - occurred_at < 2 * stretch
        first[record.text] = min(first.get(record.text, begin), begin)
    late = sum(
        begin > datetime.fromtimestamp(body["timestamp"], UTC)
        for begin, body in ((first[r.text], r.body) for r in {r.text: r for r in written.sendgrid}.values())
    )
    assert late / len(first) == pytest.approx(0.03, abs=0.008)


def test_nothing_happens_outside_the_window(written):
    moments = [datetime.fromtimestamp(record.body["timestamp"], UTC) for record in written.sendgrid]
    assert min(moments) >= datetime(2026, 7, 20, tzinfo=UTC)
    assert max(moments) < datetime(2026, 11, 17, tzinfo=UTC)


def test_the_demonstration_has_enough_campaigns_and_experiments(written):
    campaigns = list(_rows(written.landing, "campaigns"))
    assert len({row["campaign_id"] for row in campaigns}) >= 20
    assert {row["esp"] for row in campaigns} == {"sendgrid", "postmark"}
    assert len({row["experiment"] for row in campaigns} - {""}) >= 3
    assert all(row["control_variant"] for row in campaigns if row["experiment"])
    drafts = [row for row in campaigns if row["campaign_name"].endswith("(draft)")]
    assert 0 < len(drafts) < len(campaigns), "a later row corrects an earlier one"
    assert all(row["cost"] == "" for row in drafts)


def test_links_describe_every_clicked_url_and_some_that_no_person_sees(written):
    rows = list(_rows(written.landing, "links"))
    rows += [json.loads(line) for line in (written.landing / "links/links-promotions.ndjson").read_text().splitlines()]
    patterns = defaultdict(list)
    for row in rows:
        patterns[row["campaign_id"] or ""].append(re.compile(row["url_pattern"]))
    for record in written.sendgrid:
        if record.body["event"] == "click":
            fitting = [p for p in patterns[record.body["campaign_id"]] + patterns[""] if p.search(record.body["url"])]
            assert len(fitting) == 1, record.body["url"]
    assert any(str(row["is_hidden"]).lower() == "true" for row in rows)
    assert {row["element_type"] for row in rows} == {"button", "image", "text", "video"}


def test_the_holdout_is_assigned_and_receives_nothing(written):
    held = {
        row["email"]
        for row in _rows(written.landing, "assignments")
        if row["experiment"] == "promotion_holdout" and row["variant"] == "holdout"
    }
    mailed = {
        record.body["email"].lower()
        for record in written.sendgrid
        if record.body["campaign_id"] in ("promotion-010", "promotion-011")
    }
    assert len(held) > 20
    assert mailed and not held & mailed


def test_an_arm_stands_in_the_payload_or_in_the_assignments_alone(written):
    assigned = {
        (row["experiment"], row["email"]): row["variant"]
        for row in reversed(list(_rows(written.landing, "assignments")))
    }
    seen = Counter()
    for record in written.sendgrid:
        if "experiment" in record.body:
            experiment = record.body["experiment"]
            assert assigned[experiment, record.body["email"].lower()] == record.body["variant"]
            seen[experiment] += 1
    assert set(seen) == {"subject_question", "guide_first", "video_hero", "promotion_holdout"}


def test_who_left_is_mailed_no_more_unless_they_came_back(written):
    left, returned = {}, set()
    for record in written.sendgrid:
        email = record.body["email"].lower()
        if record.body["event"] in ("unsubscribe", "group_unsubscribe", "spamreport"):
            left[email] = record.body["timestamp"]
        if record.body["event"] == "group_resubscribe":
            returned.add(email)
    assert left
    for record in written.sendgrid:
        email = record.body["email"].lower()
        if record.body["event"] == "processed" and email in left and email not in returned:
            assert record.body["timestamp"] <= left[email]
