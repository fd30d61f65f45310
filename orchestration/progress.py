"""Lines of progress, to whoever is looking: the console of a command and the log of a Dagster run."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

logger = logging.getLogger("micro_conversions.progress")


def to(run_log: logging.Logger) -> Callable[[str], None]:
    """A function that tells a run's log and, where a command listens, the console."""

    def say(text: str) -> None:
        run_log.info(text)
        logger.info(text)

    return say


class Counted:
    """Says now and then how far a count has come; `text` has a place for it. What is quickly done says nothing."""

    def __init__(self, say: Callable[[str], None], text: str, seconds: float = 5):
        self._say = say
        self._text = text
        self._seconds = seconds
        self._count = 0
        self._said_at = time.monotonic()

    def add(self) -> None:
        """One more."""
        self._count += 1
        if time.monotonic() - self._said_at >= self._seconds:
            self._said_at = time.monotonic()
            self._say(self._text.format(self._count))
