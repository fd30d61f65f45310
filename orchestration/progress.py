"""One line of progress, to whoever is looking: the console of a command and the log of a Dagster run."""

from __future__ import annotations

import logging
from collections.abc import Callable

logger = logging.getLogger("micro_conversions.progress")


def to(run_log: logging.Logger) -> Callable[[str], None]:
    """A function that tells a run's log and, where a command listens, the console."""

    def say(text: str) -> None:
        run_log.info(text)
        logger.info(text)

    return say
