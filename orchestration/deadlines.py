"""Limits of time: what takes longer than it may is stopped, and ends with its process where it cannot be.

Belongs here: stopping what the main thread does. Does not belong here: what may take how long (`settings.py`). Limits
stand within limits, a step's within its run's; the one that ends first stops what is under way, and nothing begins
after it.
"""

from __future__ import annotations

import faulthandler
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

SECONDS_TO_GIVE_UP = 60


class TookTooLong(RuntimeError):
    """Something that took longer than it may; the message says what, and what to do."""


@dataclass
class _Deadline:
    """A moment of `time.monotonic`, what is said when it has come, and the error that was raised then."""

    at: float
    message: str
    raised: TookTooLong | None = None


_deadlines: list[_Deadline] = []


@contextmanager
def time_limit(seconds: float, what: str, setting: str) -> Iterator[None]:
    """Raise TookTooLong inside, where it takes longer; `what` begins the message, `setting` is what to raise.

    Only a main thread can be stopped. What does not end within a minute of that is ended with its process.
    """
    if seconds <= 0 or threading.current_thread() is not threading.main_thread():
        yield
        return
    message = (
        f"{what} took longer than {seconds:,.0f} seconds and was stopped. What it left unfinished is pending again; "
        f"look for what holds it up, or raise {setting}."
    )
    began, own = time.monotonic(), _Deadline(time.monotonic() + seconds, message)
    if (first := _first()) and first.at <= began:
        raise TookTooLong(first.message)
    before, (left, interval) = signal.signal(signal.SIGALRM, _stop), signal.getitimer(signal.ITIMER_REAL)
    _deadlines.append(own)
    _arm()
    try:
        yield
    except Exception as error:
        if own.raised and error is not own.raised:  # DuckDB says of itself that it was interrupted
            raise own.raised from error
        raise
    finally:
        _deadlines.remove(own)
        _arm()
        if not _deadlines:
            signal.signal(signal.SIGALRM, before)
            if left:  # somebody else's alarm, as it would be by now
                signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), 0.001), interval)


def _first() -> _Deadline | None:
    return min(_deadlines, key=lambda deadline: deadline.at, default=None)


def _arm() -> None:
    """Set the alarm for the deadline that comes first, unless it has passed: then what it stopped is on its way out."""
    faulthandler.cancel_dump_traceback_later()
    first, now = _first(), time.monotonic()
    is_ahead = first is not None and first.at > now
    signal.setitimer(signal.ITIMER_REAL, first.at - now if is_ahead else 0)
    if first is not None:
        # Some libraries never come back once they are interrupted: then the process ends, as if it had been killed.
        faulthandler.dump_traceback_later(max(first.at - now, 0) + SECONDS_TO_GIVE_UP, exit=True)


def _stop(_signal, _frame) -> None:
    error = TookTooLong(_first().message)
    for deadline in _deadlines:
        deadline.raised = error
    raise error
