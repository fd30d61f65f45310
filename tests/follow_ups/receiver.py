"""A real HTTP receiver on the loopback interface, which honours idempotency keys and fails as told.

Belongs here: what a receiver saw and did. Used by tests and by the benchmark of the delivery.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from orchestration.follow_ups.webhook import KEY_HEADER


@dataclass(frozen=True)
class Post:
    """A request as it came; `headers` by lower-case name."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def key(self) -> str:
        return self.headers.get(KEY_HEADER.lower()) or self.json["messageId"]


def accept(post: Post, number: int) -> int:
    """Take everything."""
    return 200


class Receiver:
    """`answer` maps a post and its number, from 1, to a status; it may sleep, kill, or raise to drop the connection.

    `acted` counts how often each key was acted on: once, unless keys fail their purpose. A key is acted on when the
    post arrives, before the answer, which is the worst moment for the sender to die.
    """

    def __init__(self, answer: Callable[[Post, int], int | tuple[int, dict]] = accept):
        self.answer = answer
        self.posts: list[Post] = []
        self.acted: Counter[str] = Counter()
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> Receiver:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                post = Post(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                with receiver._lock:
                    receiver.posts.append(post)
                    number = len(receiver.posts)
                try:
                    answered = receiver.answer(post, number)
                except ConnectionAbortedError:
                    self.close_connection = True
                    return
                status, headers = answered if isinstance(answered, tuple) else (answered, {})
                if 200 <= status < 300:
                    receiver.act(post.key)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()

    def act(self, key: str) -> None:
        """Act on a key, unless that was done before."""
        with self._lock:
            if key not in self._seen:
                self._seen.add(key)
                self.acted[key] += 1

    @property
    def keys(self) -> list[str]:
        return [post.key for post in self.posts]
