"""When the delivery has something to do again: one small file beside the warehouse, so that a sensor can look.

Belongs here: that file, and what a sensor makes of it. It is set to the present before anything is sent and to the next
moment after it, so a run that dies in between is made good at the next look.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

PAUSE_AFTER_FAILURE = timedelta(minutes=1)


@dataclass(frozen=True)
class Decision:
    """Whether to ask for a run, and if not, why."""

    asks: bool
    waits_because: str | None = None


def decide(look_at: datetime | None, now: datetime, under_way: str | None, failed_at: datetime | None) -> Decision:
    """Ask for a run when a follow-up may go out and no run that delivers is under way. All times in UTC.

    `failed_at` is when the newest run of the delivery failed, if the newest did: the next one waits a little.
    """
    if look_at is None:
        return Decision(False, "Every follow-up is delivered.")
    if under_way:
        return Decision(False, f"Run {under_way} is under way and delivers what is due.")
    if look_at > now:
        return Decision(False, f"The next follow-up may go out at {look_at:%Y-%m-%d %H:%M:%S} UTC.")
    if failed_at and failed_at + PAUSE_AFTER_FAILURE > now:
        return Decision(False, "The last delivery ended early; the next one begins within a minute.")
    return Decision(True)


def _path(home: Path) -> Path:
    return home / "follow_ups_due"


def mark(home: Path, look_at: datetime | None) -> None:
    """Say when to look again (UTC), None where nothing is left."""
    draft = _path(home).with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps(look_at.isoformat() if look_at else None))
    os.replace(draft, _path(home))


def at(home: Path) -> datetime | None:
    """When to look again (UTC), None where nothing is left."""
    try:
        text = json.loads(_path(home).read_text())
    except FileNotFoundError:
        return None
    return datetime.fromisoformat(text) if text else None
