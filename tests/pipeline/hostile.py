"""Exports with much that is wrong in them, beside good ones: what one home of the tests is made of."""

import csv
import io
from pathlib import Path

from tests.payloads import SEND, journey, land, order, sendgrid, track

# Somebody wrote what identifies a person where it does not belong.
PERSONAL = "joe@example.com from 203.0.113.7 or 2001:db8::7"
MASKED = "[address] from [network address] or [network address]"


def rows(*records: dict) -> str:
    """Records as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(key for record in records for key in record)))
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def land_hostile_exports(home: Path) -> None:
    """Fill the landing zone of a home; every kind of harm is there once."""
    named = {"campaign_id": PERSONAL, "campaign_name": PERSONAL, "experiment": PERSONAL, "variant": PERSONAL}
    link = "https://198.51.100.9/guide.pdf/joe@example.com?to=joe@example.com"
    events = [*journey(), *(dict(event, **named) for event in journey("reader2@example.com", "m2", 10))]
    land(home, f"sendgrid/{PERSONAL}.json", [dict(e, url=link) if e["event"] == "click" else e for e in events])
    land(
        home,
        "sendgrid/late.json",
        [
            *journey("reader3@example.com", "m3", 20),
            sendgrid("open", "reader3@example.com", "m3", 946684800 - SEND),  # the year 2000
            sendgrid("open", "reader3@example.com", "m3", 4102444800 - SEND),  # the year 2100
            sendgrid("moon landing", "reader3@example.com", "m3"),
        ],
    )
    opened = {"RecordType": "Open", "MessageID": "p1", "Recipient": "reader1@example.com"}
    land(
        home,
        "postmark/opens.json",
        [
            {**opened, "ReceivedAt": "2026-09-01T09:00:00Z", "Client": {"Name": PERSONAL}, "Metadata": named},
            {**opened, "ReceivedAt": "2026-09-01T08:59:59Z", "Metadata": named, "ReadSeconds": "1e300"},
        ],
    )
    land(
        home,
        "segment/site.json",
        [
            track("Page Viewed", at=4000, category=PERSONAL, url=f"https://shop.example/{PERSONAL}"),
            track("Page Viewed", None, at=4100),
            {**track("Page Viewed", at=1), "timestamp": "1999-01-01T00:00:00Z"},
            {**track("Sneezed", at=1), "type": "screen"},
            order("o1", 20.0),
            {**order("o2", 20.0), "properties": {"order_id": "o2", "revenue": 20, "currency": "XTS"}},
            {**order("o3", 20.0), "properties": {"order_id": "o3", "currency": "USD"}},
            order("o4", 99_999_999_999_999.0),
            track("Video Watched", at=6, percent_watched=1e300),
            track("Video Watched", at=7, percent_watched="NaN"),
            # More than a twentieth unreadable would hold the export.
            *(track("Page Viewed", at=5000 + n) for n in range(40)),
            {**track("", at=1), "event": None},
        ],
    )
    land(
        home,
        "campaigns/campaigns.csv",
        rows(
            {
                "campaign_id": PERSONAL,
                "esp": "sendgrid",
                **{key: PERSONAL for key in ("campaign_name", "campaign_type", "subject", "preheader", "stream")},
                **{key: PERSONAL for key in ("variant", "experiment", "control_variant")},
            }
        ),
    )
    described = {key: PERSONAL for key in ("element", "element_type", "content_category")}
    land(home, "links/links.csv", rows({"url_pattern": "guide", **described}, {"url_pattern": "(guide"}))
    land(
        home,
        "subscribers/subscribers.csv",
        rows({"email": "reader1@example.com", "signup_source": PERSONAL, "time_zone": PERSONAL}),
    )
    arms = [("reader1@example.com", PERSONAL), ("reader2@example.com", "a"), ("reader2@example.com", "b")]
    land(
        home,
        "assignments/arms.csv",
        rows(*({"experiment": PERSONAL, "email": email, "variant": variant} for email, variant in arms)),
    )
    land(home, f"{PERSONAL}.csv", "a,b\n1,2\n")
    land(home, "unknown_vendor/2026/export.json", [{"a": 1}])
    land(home, "sendgrid/[/red] [bold].json", "{broken\n")
