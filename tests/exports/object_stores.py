"""An S3 server on loopback for the tests: moto's, in a process of its own."""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import NamedTuple

import boto3

BUCKET = "exports"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}


class S3Server(NamedTuple):
    """Where it listens, and the process that it runs in."""

    url: str
    process: Connection

    @property
    def client(self):
        """boto3's client of it."""
        keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
        return boto3.client("s3", endpoint_url=self.url, **keys)

    def put(self, key: str, body: bytes | str) -> None:
        """Put an object."""
        self.client.put_object(Bucket=BUCKET, Key=key, Body=body)

    def put_many(self, prefix: str, count: int, body: str) -> None:
        """Put `<prefix>/000000.json` and so on, each with its number in the place of `%d`."""
        self.process.send((prefix, count, body))
        self.process.recv()


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """A server with an empty bucket, until the end of the context."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield S3Server(ours.recv(), ours)
    finally:
        process.terminate()
        process.join()


def _serve(orders: Connection) -> None:
    from moto.s3.models import s3_backends
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    served = S3Server(f"http://{host}:{port}", orders)
    served.client.create_bucket(Bucket=BUCKET)
    (account,) = s3_backends
    orders.send(served.url)
    while True:
        prefix, count, body = orders.recv()
        for number in range(count):
            content = body.replace("%d", str(number)).encode()
            s3_backends[account]["aws"].put_object(BUCKET, f"{prefix}/{number:06d}.json", content)
        orders.send("done")
