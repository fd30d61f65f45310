"""A Google Cloud Storage on loopback for the tests: an emulator in this process."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import quote

import requests
from gcp_storage_emulator.server import create_server


class GoogleStore(NamedTuple):
    """Where it listens, and its one bucket."""

    url: str
    bucket: str

    def put(self, key: str, body: bytes | str) -> None:
        """Put an object."""
        where = f"{self.url}/upload/storage/v1/b/{self.bucket}/o?uploadType=media&name={quote(key, safe='')}"
        requests.post(where, data=body.encode() if isinstance(body, str) else body, timeout=30).raise_for_status()

    def remove(self, key: str) -> None:
        """Remove an object."""
        requests.delete(f"{self.url}/storage/v1/b/{self.bucket}/o/{quote(key, safe='')}", timeout=30)


@contextmanager
def google_store(bucket: str = "exports") -> Iterator[GoogleStore]:
    """A server with an empty bucket, until the end of the context."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket=bucket)
    server.start()
    try:
        yield GoogleStore(f"http://127.0.0.1:{port}", bucket)
    finally:
        server.stop()
