"""One POST to a receiver, tried a few times within a moment.

Belongs here: what counts as taken, and what of a failure may be told. Does not belong here: what is posted
(`webhook.py`, `segment.py`) and tries of a later run (`record.py`). Neither the address of the receiver nor a word of
its answer is told on: both may hold a secret.
"""

from __future__ import annotations

from collections.abc import Mapping

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ReadTimeoutError
from urllib3.util import Retry

from orchestration.follow_ups.targets import NotTaken

CONNECT_SECONDS, ANSWER_SECONDS = 3.05, 10
IN_PARALLEL = 8
_PASSING = (408, 425, 429, 500, 502, 503, 504)
# What a receiver says of every follow-up alike: who are you, there is nothing here.
_OF_TARGET = (401, 403, 404, 405, 407, 410, 421, *_PASSING)


class Poster:
    """A session that posts to one address; safe to use from several threads."""

    def __init__(self, url: str):
        self._url = url
        # Whoever lets time pass without an answer may be at work on it: that waits for a later run.
        retry = Retry(
            total=2,
            read=0,
            backoff_factor=0.3,
            backoff_jitter=0.2,
            status_forcelist=[code for code in _PASSING if code != 429],
            allowed_methods=None,
            raise_on_status=False,
            respect_retry_after_header=False,
        )
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry, pool_maxsize=IN_PARALLEL))

    def post(self, body: bytes, headers: Mapping[str, str], auth: tuple[str, str] | None = None) -> None:
        """Post a JSON body. Returns on any 2xx answer; raises NotTaken on anything else, a redirection included."""
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
        except requests.ConnectionError as error:
            is_slow = isinstance(getattr(error.args[0], "reason", None), ReadTimeoutError) if error.args else False
            raise NotTaken("no answer in time" if is_slow else "no connection") from None
        except requests.RequestException as error:
            raise NotTaken(f"the request failed ({type(error).__name__})") from None
        if not 200 <= answer.status_code < 300:
            raise NotTaken(
                f"HTTP {answer.status_code}",
                retry_after=_seconds(answer.headers.get("Retry-After")),
                is_of_target=answer.status_code in _OF_TARGET or answer.status_code < 400,
            )


def _seconds(text: str | None) -> float | None:
    """Retry-After in seconds; as a date, which clocks may disagree on, it is passed over."""
    return float(text[:9]) if text and text.isascii() and text.isdecimal() else None
