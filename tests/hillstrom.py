"""A real e-mail experiment as landing exports: 64,000 customers, two mailed arms and one that receives nothing.

Belongs here: how Hillstrom's table becomes deliveries, assignments, site events and orders, and the figures published
about it. Does not belong here: what the marts make of them (`tests/orchestration`). The table itself is not part of the
repository; tests that need it skip where `../shared/data` does not hold it.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

EXPERIMENT = "hillstrom"
CONTROL = "No E-Mail"
# The table has no dates: customers are assigned, and mailed, here; what they do lies in the two weeks after.
ASSIGNED_AT = datetime(2026, 9, 1, 8)


@dataclass(frozen=True)
class Arm:
    """What an arm came to: customers, customers who visited, orders, and dollars spent."""

    customers: int
    visits: int
    orders: int
    spend: Decimal


# blog.minethatdata.com, 2008-03; recomputed from the table by several hands since.
PUBLISHED = {
    "Mens E-Mail": Arm(21_307, 3_894, 267, Decimal("30311.69")),
    "Womens E-Mail": Arm(21_387, 3_238, 189, Decimal("23038.11")),
    CONTROL: Arm(21_306, 2_262, 122, Decimal("13908.33")),
}


def convert(archive: Path, landing: Path) -> None:
    """Write the experiment below `landing/<source>/`: campaigns, assignments, SendGrid deliveries, Segment calls.

    A customer is `customer00001@hillstrom.example` by the number of the row. A visit is one `Page Viewed` between one
    and twelve days after the assignment, an order one `Order Completed` an hour after the visit. Nothing is drawn: the
    same table writes the same files.
    """
    with gzip.open(archive, "rt", newline="") as table:
        customers = list(csv.DictReader(table))
    _write_csv(
        landing / "campaigns" / "hillstrom.csv",
        (
            {
                "campaign_id": EXPERIMENT,
                "esp": "sendgrid",
                "campaign_name": "Hillstrom",
                "campaign_type": "promotion",
                "variant": variant,
                "experiment": EXPERIMENT,
                "control_variant": CONTROL,
                "sent_from_at": _iso(ASSIGNED_AT),
            }
            for variant in PUBLISHED
            if variant != CONTROL
        ),
    )
    _write_csv(
        landing / "assignments" / "hillstrom.csv",
        (
            {
                "experiment": EXPERIMENT,
                "email": _email(number),
                "variant": customer["segment"],
                "assigned_at": _iso(ASSIGNED_AT),
            }
            for number, customer in enumerate(customers, start=1)
        ),
    )
    _write_lines(
        landing / "sendgrid" / "hillstrom.ndjson",
        (event for number, customer in enumerate(customers, start=1) for event in _deliveries(number, customer)),
    )
    _write_lines(
        landing / "segment" / "hillstrom.ndjson",
        (call for number, customer in enumerate(customers, start=1) for call in _calls(number, customer)),
    )


def _deliveries(number: int, customer: dict[str, str]) -> Iterator[dict]:
    if customer["segment"] == CONTROL:
        return
    for seconds, event in enumerate(("processed", "delivered")):
        yield {
            "email": _email(number),
            "timestamp": int((ASSIGNED_AT - datetime(1970, 1, 1)).total_seconds()) + number % 1_800 + seconds,
            "event": event,
            "sg_event_id": f"hillstrom-{event}-{number:05}",
            "sg_message_id": f"hillstrom-{number:05}.filter0001.1.0",
            "campaign_id": EXPERIMENT,
            "experiment": EXPERIMENT,
            "variant": customer["segment"],
        }


def _calls(number: int, customer: dict[str, str]) -> Iterator[dict]:
    visited_at = ASSIGNED_AT + timedelta(days=1 + number % 12, minutes=number % 600)
    if customer["visit"] == "1":
        yield _call(number, "Page Viewed", visited_at, {"path": "/"})
    if customer["conversion"] == "1":
        order = {"order_id": f"H{number:05}", "revenue": float(customer["spend"]), "currency": "USD"}
        yield _call(number, "Order Completed", visited_at + timedelta(hours=1), order)


def _call(number: int, event: str, occurred_at: datetime, properties: dict) -> dict:
    return {
        "type": "track",
        "event": event,
        "messageId": f"hillstrom-{event.split()[0].lower()}-{number:05}",
        "timestamp": _iso(occurred_at),
        "userId": f"customer-{number:05}",
        "context": {"traits": {"email": _email(number)}, "page": {"url": "https://hillstrom.example/"}},
        "properties": properties,
    }


def _email(number: int) -> str:
    return f"customer{number:05}@hillstrom.example"


def _iso(moment: datetime) -> str:
    return f"{moment.isoformat()}Z"


def _write_csv(path: Path, rows: Iterator[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = list(rows)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def _write_lines(path: Path, records: Iterator[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)
