"""How a step of a run is carried out: within its time, again where that may help, and told of in the log.

Belongs here: what holds for every step, whatever it does. Does not belong here: what a step does (`assets/`,
`jobs.py`).

A failure of the moment (a store that does not answer, a file that another program locks) is tried again, each time
after four times as long. A refused gate, a file that cannot be read, a decision that cannot be carried out stay what
they are: they fail at once.
"""

from __future__ import annotations

import errno
import functools
import inspect
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg
import duckdb
import requests

from orchestration import logs
from orchestration.checks.masks import masked
from orchestration.dbt import DbtError
from orchestration.deadlines import time_limit
from orchestration.exports.object_store import StoreError
from orchestration.settings import Settings

RETRIES = 3
FIRST_WAIT_SECONDS = 5
# What these say is in our words, and names hosts and not people.
_OURS = (StoreError, requests.RequestException)
_PASSING = {
    errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ECONNRESET,
    errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EPIPE,
}  # fmt: skip


def may_pass(error: BaseException) -> bool:
    """Whether a failure may be gone the next time, without anybody doing something about it."""
    if isinstance(error, StoreError):
        return error.may_pass
    if isinstance(error, requests.ConnectionError | requests.Timeout | TimeoutError | ConnectionError):
        return True
    if isinstance(error, duckdb.IOException):
        return "lock" in str(error).lower()
    if isinstance(error, sqlite3.OperationalError):
        return "locked" in str(error)
    return isinstance(error, OSError) and error.errno in _PASSING


def carried_out(settings: Settings) -> Callable:
    """A decorator for the function of an asset or op, below Dagster's own: time limit, retries, log."""

    def decorate(compute: Callable) -> Callable:
        if inspect.isgeneratorfunction(compute):

            @functools.wraps(compute)
            def generated(context, *arguments, **named) -> Iterator:
                with _carrying_out(settings, context):
                    yield from compute(context, *arguments, **named)

            return generated

        @functools.wraps(compute)
        def called(context, *arguments, **named):
            with _carrying_out(settings, context):
                return compute(context, *arguments, **named)

        return called

    return decorate


@contextmanager
def _carrying_out(settings: Settings, context) -> Iterator[None]:
    of_op = getattr(context, "op_execution_context", context)
    step, attempt = of_op.op.name, of_op.retry_number + 1
    started = time.monotonic()
    with logs.about(run_id=context.run_id, step=step):
        try:
            with time_limit(
                settings.step_timeout_seconds, f"The step {step}", "MICRO_CONVERSIONS_STEP_TIMEOUT_SECONDS"
            ):
                yield
        except Exception as error:
            again = may_pass(error) and attempt <= RETRIES
            logs.warning(
                "step failed", seconds=_since(started), attempt=attempt, error=type(error).__name__, tried_again=again
            )
            told = _tellable(error)
            if not again and told is error:
                raise
            if not again:
                raise told from None
            wait = FIRST_WAIT_SECONDS * 4 ** (attempt - 1)
            context.log.warning(f"{told} Attempt {attempt + 1} of {RETRIES + 1} follows in {wait} seconds.")
            raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=wait) from told
        logs.info("step ended", seconds=_since(started), attempt=attempt)


def _tellable(error: Exception) -> Exception:
    """An error as Dagster may keep it: what a database or the disk says of one quotes values and names of files."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    quoting = [e for e in chain if isinstance(e, duckdb.Error | DbtError | OSError) and not isinstance(e, _OURS)]
    if all(masked(str(e)) == str(e) for e in quoting):
        return error
    return type(error)(masked(str(error))).with_traceback(error.__traceback__)


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)
