"""A follow-up as its receiver is told of it.

Belongs here: the fields and their wording. Does not belong here: how they travel (`files.py`, `http.py`). The address
is here because the receiver needs it; no log, no metadata and no published table ever holds it, so it is left out of
the object's own wording too.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime


@dataclass(frozen=True)
class FollowUp:
    """One follow-up that is due. Times are UTC, without zone; `priority` 1 goes before 2.

    The key stays the same however often the follow-up is sent: who has acted on it once need not act again.
    """

    idempotency_key: str
    trigger: str
    micro_conversion: str
    email: str = field(repr=False)
    subscriber_key: str
    triggered_at: datetime
    due_at: datetime
    expires_at: datetime
    priority: int | None
    campaign_key: str | None
    message_key: str | None
    content_category: str | None
    element: str | None

    def as_dict(self) -> dict[str, str | int | None]:
        """The fields by name, times as ISO 8601 with Z."""
        return {name: _plain(getattr(self, name)) for name in FIELDS}


FIELDS = tuple(f.name for f in fields(FollowUp))


def iso(time: datetime) -> str:
    """A time in UTC as ISO 8601 with Z."""
    return time.isoformat() + "Z"


def _plain(value):
    return iso(value) if isinstance(value, datetime) else value
