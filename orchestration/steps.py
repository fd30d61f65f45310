"""How a step of a run is carried out: within its time, again where that may help, and told of in the log.

Belongs here: what holds for every step, whatever it does. Does not belong here: what a step does (`assets/`,
`jobs.py`).

A failure of the moment (a store that does not answer, a file that another program locks) is tried again, each time
after four times as long. A refused gate, a file that cannot be read, a decision that cannot be carried out stay what
they are: they fail at once.
"""

from __future__ import annotations

import errno
import faulthandler
import functools
import inspect
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg
import duckdb
import requests

from orchestration import logs
from orchestration.exports.object_store import StoreError
from orchestration.settings import Settings

RETRIES = 3
FIRST_WAIT_SECONDS = 5
SECONDS_TO_GIVE_UP = 60
_PASSING = {
    errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ECONNRESET,
    errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EPIPE,
}  # fmt: skip


class StepTimeout(RuntimeError):
    """A step that took longer than it may."""


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
            with time_limit(settings.step_timeout_seconds, f"The step {step}"):
                yield
        except Exception as error:
            again = may_pass(error) and attempt <= RETRIES
            logs.warning(
                "step failed", seconds=_since(started), attempt=attempt, error=type(error).__name__, tried_again=again
            )
            if not again:
                raise
            wait = FIRST_WAIT_SECONDS * 4 ** (attempt - 1)
            context.log.warning(f"{error} Attempt {attempt + 1} of {RETRIES + 1} follows in {wait} seconds.")
            raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=wait) from error
        logs.info("step ended", seconds=_since(started), attempt=attempt)


@contextmanager
def time_limit(seconds: float, what: str) -> Iterator[None]:
    """Raise StepTimeout inside, where it takes longer; `what` begins the message. Only a main thread can be stopped.

    What does not end within a minute of that is ended with its process.
    """
    if seconds <= 0 or threading.current_thread() is not threading.main_thread():
        yield
        return

    stopped: list[StepTimeout] = []

    def stop(_signal, _frame):
        stopped[:] = [
            StepTimeout(
                f"{what} took longer than {seconds:,.0f} seconds and was stopped. What it left unfinished is pending "
                "again; look for what holds it up, or raise MICRO_CONVERSIONS_STEP_TIMEOUT_SECONDS."
            )
        ]
        raise stopped[0]

    before = signal.signal(signal.SIGALRM, stop)
    timer_before = signal.setitimer(signal.ITIMER_REAL, seconds)
    # Some libraries never come back once they are interrupted: then the process ends, as if it had been killed.
    faulthandler.dump_traceback_later(seconds + SECONDS_TO_GIVE_UP, exit=True)
    try:
        yield
    except Exception as error:
        if stopped and error is not stopped[0]:  # DuckDB says of itself that it was interrupted
            raise stopped[0] from error
        raise
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *timer_before)


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)
