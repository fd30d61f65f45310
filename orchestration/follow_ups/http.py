"""One POST to a receiver, tried a few times within a moment.

Belongs here: what counts as taken, and what of a failure may be told. Does not belong here: what is posted
(`webhook.py`, `segment.py`) and tries of a later run (`record.py`). Neither the address of the receiver nor a word of
its answer is told on: both may hold a secret.
"""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

from orchestration.follow_ups.targets import NotTaken

CONNECT_SECONDS, ANSWER_SECONDS = 3.05, 10
IN_PARALLEL = 8
# Between the tries of one moment. urllib3 could try again as well, but says so in a log, with the address.
_WAITS = (0.3, 0.6)
_PASSING = (408, 425, 500, 502, 503, 504)
# What a receiver says of every follow-up alike: who are you, there is nothing here.
_OF_TARGET = (401, 403, 404, 405, 407, 410, 421, 429, *_PASSING)


class Poster:
    """A session that posts to one address; safe to use from several threads."""

    def __init__(self, url: str):
        self._url = url
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Adapter(pool_maxsize=IN_PARALLEL))

    def post(self, body: bytes, headers: Mapping[str, str], auth: tuple[str, str] | None = None) -> None:
        """Post a JSON body. Returns on any 2xx answer; raises NotTaken on anything else, a redirection included."""
        for wait in _WAITS:
            try:
                return self._try(body, headers, auth)
            except _NotNow:
                time.sleep(wait * random.uniform(1, 1.5))
        return self._try(body, headers, auth)

    def _try(self, body: bytes, headers: Mapping[str, str], auth: tuple[str, str] | None) -> None:
        try:
            answer = self._session.post(
                self._url,
                data=body,
                headers={"Content-Type": "application/json", "User-Agent": "email-micro-conversions", **headers},
                auth=auth,
                timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
                allow_redirects=False,
                stream=True,  # what follows the headers is not waited for
            )
            answer.close()
        except requests.ReadTimeout:
            raise NotTaken("no answer in time") from None  # it may be at work on it: that waits for a later run
        except requests.exceptions.SSLError:
            raise NotTaken("no TLS connection that can be trusted") from None
        except requests.ConnectionError as error:
            reason = getattr(error.args[0], "reason", None) if error.args else None
            is_passing = isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)
            raise (_NotNow if is_passing else NotTaken)("no connection") from None
        except requests.RequestException as error:
            raise NotTaken(f"the request failed ({type(error).__name__})") from None
        if not 200 <= answer.status_code < 300:
            raise (_NotNow if answer.status_code in _PASSING else NotTaken)(
                f"HTTP {answer.status_code}",
                retry_after=_seconds(answer.headers.get("Retry-After")),
                is_of_target=answer.status_code in _OF_TARGET or answer.status_code < 400,
            )


class _NotNow(NotTaken):
    """Not taken, and a moment later it may be."""


class _Timed:
    """A connection that waits so long for an answer, however slowly it trickles in; a timeout bounds silence alone."""

    def getresponse(self):
        is_over = threading.Event()

        def end() -> None:
            is_over.set()
            with suppress(OSError, TypeError):  # it is closed, or gone
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)  # wakes the reader, below TLS too

        clock = threading.Timer(ANSWER_SECONDS, end)
        clock.daemon = True
        clock.start()
        try:
            answer = super().getresponse()
        except Exception:
            if not is_over.is_set():
                raise
        finally:
            clock.cancel()
        if is_over.is_set():
            raise TimeoutError
        return answer


class _TimedHTTPConnection(_Timed, HTTPConnection):
    pass


class _TimedHTTPSConnection(_Timed, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _TimedHTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _TimedHTTPSConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *arguments, **named) -> None:
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}

    def proxy_manager_for(self, *arguments, **named):
        manager = super().proxy_manager_for(*arguments, **named)
        manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
        return manager


def _seconds(text: str | None) -> float | None:
    """Retry-After in seconds; as a date, which clocks may disagree on, it is passed over."""
    return float(text[:9]) if text and text.isascii() and text.isdecimal() else None
