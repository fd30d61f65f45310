"""When the delivery has something to do again: one small file beside the warehouse, so that a sensor can look.

Belongs here: that file, and what a sensor makes of it. It is set to the present before anything is sent and to the next
moment after it, so a run that dies in between is made good at the next look.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Decision:
    """Whether to ask for a run, and if not, why."""

    asks: bool
    waits_because: str | None = None


def decide(
    look_at: datetime | None,
    now: datetime,
    under_way: str | None,
    not_before: datetime | None,
    marts_lag: bool = False,
) -> Decision:
    """Ask for a run when a follow-up may go out and no run that delivers is under way. All times in UTC.

    `not_before` is when the next run may begin after some that failed, None where the newest did not. Marts that lag
    behind what is loaded do not know of the newest unsubscriptions: the run that publishes them delivers.
    """
    if look_at is None:
        return Decision(False, "Every follow-up is delivered.")
    if under_way:
        return Decision(False, f"Run {under_way} is under way and delivers what is due.")
    if marts_lag:
        return Decision(False, "The marts lag behind what is loaded; the run that publishes them delivers what is due.")
    if look_at > now:
        return Decision(False, f"The next follow-up may go out at {look_at:%Y-%m-%d %H:%M:%S} UTC.")
    if not_before and not_before > now:
        return Decision(False, f"The last run failed; the next one begins at {not_before:%Y-%m-%d %H:%M:%S} UTC.")
    return Decision(True)


def _path(home: Path) -> Path:
    return home / "follow_ups_due"


def mark(home: Path, look_at: datetime | None) -> None:
    """Say when to look again (UTC), None where nothing is left."""
    draft = _path(home).with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps(look_at.isoformat() if look_at else None))
    os.replace(draft, _path(home))


def at(home: Path) -> datetime | None:
    """When to look again (UTC), None where nothing is left. Where that cannot be read: at once."""
    try:
        text = json.loads(_path(home).read_text())
        return datetime.fromisoformat(text) if text else None
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        return datetime.min
