"""Follow-ups as posts to a webhook: one JSON object each, its key in the body and in a header."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence

from orchestration.follow_ups.http import IN_PARALLEL, Poster
from orchestration.follow_ups.message import FollowUp

KEY_HEADER = "Idempotency-Key"
SIGNATURE_HEADER = "X-Signature-SHA256"


class Webhook:
    """An HTTP receiver. With a secret, a header holds the HMAC-SHA256 of the body in hex, by which it knows us."""

    name = "webhook"
    at_once = 1
    in_parallel = IN_PARALLEL

    def __init__(self, url: str, secret: str | None = None):
        self._poster = Poster(url)
        self._secret = secret

    def send(self, follow_ups: Sequence[FollowUp]) -> None:
        """Post each of them. Raises NotTaken."""
        for follow_up in follow_ups:
            body = json.dumps(follow_up.as_dict(), ensure_ascii=False).encode()
            headers = {KEY_HEADER: follow_up.idempotency_key}
            if self._secret:
                headers[SIGNATURE_HEADER] = signature(self._secret, body)
            self._poster.post(body, headers)


def signature(secret: str, body: bytes) -> str:
    """The HMAC-SHA256 of a body, in lower-case hex."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
