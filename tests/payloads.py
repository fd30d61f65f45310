"""Small payloads in the vendors' shapes, for tests that need an event and not a whole export.

Addresses lie in reserved domains; times are seconds since the epoch or ISO text, as the vendor writes them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SEND = int(datetime(2026, 9, 1, 8, tzinfo=UTC).timestamp())


def sendgrid(event: str, email: str = "reader1@example.com", message: str = "m1", at: int = 0, **fields: Any) -> dict:
    """One SendGrid webhook event, `at` seconds after SEND. `fields` add or replace keys."""
    identity = json.dumps([event, email, message, at, sorted(fields.items())], default=str)
    return {
        "email": email,
        "timestamp": SEND + at,
        "event": event,
        "smtp-id": f"<{message}@mail.example>",
        "sg_event_id": hashlib.md5(identity.encode()).hexdigest(),
        "sg_message_id": f"{message}.filter0001.1.0",
        "campaign_id": "autumn",
        **fields,
    }


def journey(email: str = "reader1@example.com", message: str = "m1", at: int = 0) -> list[dict]:
    """A message that was sent, delivered, opened and clicked by a person."""
    return [
        sendgrid("processed", email, message, at),
        sendgrid("delivered", email, message, at + 2),
        sendgrid("open", email, message, at + 3600),
        sendgrid("click", email, message, at + 3660, url="https://shop.example/guide.pdf?utm_source=mail"),
    ]


def track(event: str, email: str | None = "reader1@example.com", at: int = 0, **properties: Any) -> dict:
    """One Segment `track` call, `at` seconds after SEND."""
    identity = json.dumps([event, email, at, sorted(properties.items())], default=str)
    call = {
        "type": "track",
        "event": event,
        "messageId": hashlib.md5(identity.encode()).hexdigest(),
        "timestamp": datetime.fromtimestamp(SEND + at, UTC).isoformat().replace("+00:00", "Z"),
        "properties": properties,
        "context": {},
    }
    if email:
        call["context"]["traits"] = {"email": email}
    return call


def order(order_id: str, revenue: float, email: str = "reader1@example.com", at: int = 7200) -> dict:
    """One `Order Completed`."""
    return track("Order Completed", email, at, order_id=order_id, revenue=revenue, currency="USD")


def land(home: Path, name: str, records: Iterable[Any] | str | bytes) -> Path:
    """Write an export to `home/landing/<name>`: records as JSON lines, text and bytes as they are."""
    path = home / "landing" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(records, bytes):
        path.write_bytes(records)
    elif isinstance(records, str):
        path.write_text(records)
    else:
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path
