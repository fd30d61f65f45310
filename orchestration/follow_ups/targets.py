"""What a target is, and which one the settings name.

Belongs here: the interface. Does not belong here: any target (`files.py`, `webhook.py`, `segment.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from orchestration.follow_ups.message import FollowUp
from orchestration.settings import Settings


class NotTaken(Exception):
    """A target did not take what it was sent.

    `problem` says why in a word or two of ours, since what others say may hold an address or a secret. `retry_after`
    are the seconds that the target asks to wait. `is_of_target`: others would fail as well.
    """

    def __init__(self, problem: str, *, retry_after: float | None = None, is_of_target: bool = True):
        super().__init__(problem)
        self.problem = problem
        self.retry_after = retry_after
        self.is_of_target = is_of_target


class Target(Protocol):
    """Where follow-ups go."""

    name: str
    # So many go in one sending, None for all of them, and so many sendings go at the same time.
    at_once: int | None
    in_parallel: int

    def send(self, follow_ups: Sequence[FollowUp]) -> None:
        """Hand them over, all or none. Returns once the target has them for good; raises NotTaken."""


def build_target(settings: Settings) -> Target:
    """The target that the settings name."""
    if settings.follow_up_target == "webhook":
        from orchestration.follow_ups.webhook import Webhook

        return Webhook(settings.webhook_url, settings.webhook_secret)
    if settings.follow_up_target == "segment":
        from orchestration.follow_ups.segment import SegmentTrack

        return SegmentTrack(settings.segment_url, settings.segment_write_key)
    from orchestration.follow_ups.files import Files

    return Files(settings.outbox)
