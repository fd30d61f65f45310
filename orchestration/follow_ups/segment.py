"""Follow-ups as Segment `track` calls, for whatever takes those (HTTP Tracking API, source "HTTP API")."""

from __future__ import annotations

import json
from collections.abc import Sequence

from orchestration.follow_ups.http import IN_PARALLEL, Poster
from orchestration.follow_ups.message import FollowUp, iso

EVENT = "Follow-Up Due"


class SegmentTrack:
    """An endpoint of Segment's kind. It tells repeated calls by their `messageId`, which is the follow-up's key."""

    name = "segment"
    at_once = 1
    in_parallel = IN_PARALLEL

    def __init__(self, url: str, write_key: str):
        self._poster = Poster(url)
        self._auth = (write_key, "")

    def send(self, follow_ups: Sequence[FollowUp]) -> None:
        """Post a call for each of them. Raises NotTaken."""
        for follow_up in follow_ups:
            self._poster.post(json.dumps(call(follow_up), ensure_ascii=False).encode(), {}, self._auth)


def call(follow_up: FollowUp) -> dict:
    """The `track` call: the person by key and, in the traits, by address; the rest as properties."""
    told = follow_up.as_dict()
    apart = ("idempotency_key", "email", "subscriber_key")
    return {
        "type": "track",
        "event": EVENT,
        "messageId": follow_up.idempotency_key,
        "userId": follow_up.subscriber_key,
        "timestamp": iso(follow_up.due_at),
        "context": {"traits": {"email": follow_up.email}},
        "properties": {name: value for name, value in told.items() if name not in apart},
    }
