"""The one process that holds the project's code for `make dev`: webserver and daemon ask it, and runs start from it.

Belongs here: starting it, and telling the others where it is. Does not belong here: what it serves (`definitions.py`).
By `workspace.yaml` alone, webserver and daemon would each start a process of their own, and the daemon another one
every minute, which takes a core for seconds while a run is at work.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import yaml

from orchestration.settings import REPOSITORY

LOCATION = "micro_conversions"
_MODULE = "orchestration.code_location"
_PATIENCE_SECONDS = 120


def start(socket: Path, workspace: Path, environment: Mapping[str, str]) -> subprocess.Popen:
    """Start the server at a socket, write the workspace that leads there, and wait until it answers.

    A socket's path has at most 107 bytes, and whoever may open it may start runs: it belongs into a short folder of its
    owner's alone. Where the server does not answer within two minutes, or ends, whoever asks it finds out.
    """
    workspace.write_text(
        yaml.safe_dump({"load_from": [{"grpc_server": {"socket": str(socket), "location_name": LOCATION}}]})
    )
    command = [sys.executable, "-m", "dagster", "code-server", "start", "--socket", str(socket)]
    command += ["--module-name", _MODULE, "--location-name", LOCATION, "--log-level", "warning"]
    server = subprocess.Popen(command, cwd=REPOSITORY, env=dict(environment))
    try:
        _wait_for(server, socket)
    except BaseException:
        server.terminate()
        raise
    return server


def _wait_for(server: subprocess.Popen, socket: Path) -> None:
    from dagster._core.errors import DagsterUserCodeUnreachableError
    from dagster._grpc.client import DagsterGrpcClient

    client = DagsterGrpcClient(socket=str(socket))
    until = time.monotonic() + _PATIENCE_SECONDS
    while server.poll() is None and time.monotonic() < until:
        try:
            client.ping("")
            return
        except DagsterUserCodeUnreachableError:
            time.sleep(0.1)
