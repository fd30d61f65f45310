"""An Azure Blob Storage on loopback for the tests: Azurite, where it is installed."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest

# The account that every Azurite has; its key is published and opens nothing else.
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
CONTAINER = "exports"


class AzureStore(NamedTuple):
    """How it is reached, and fsspec's file system of it."""

    connection: str
    files: object


@contextmanager
def azure_store() -> Iterator[AzureStore]:
    """A server with an empty container, until the end of the context. Skips where it cannot be had."""
    program = shutil.which("azurite-blob")
    if not program:
        pytest.skip("needs Azurite: npm install -g azurite")
    adlfs = pytest.importorskip("adlfs", reason="needs adlfs: .venv/bin/python -m pip install adlfs")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    options = ["--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    server = subprocess.Popen([program, *options, "--blobHost", "127.0.0.1", "--blobPort", str(port)])
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        connection = (
            f"DefaultEndpointsProtocol=http;AccountName={_ACCOUNT};AccountKey={_KEY};"
            f"BlobEndpoint=http://127.0.0.1:{port}/{_ACCOUNT};"
        )
        files = adlfs.AzureBlobFileSystem(connection_string=connection, skip_instance_cache=True)
        files.mkdir(CONTAINER)
        yield AzureStore(connection, files)
    finally:
        server.terminate()
        server.wait(timeout=20)
