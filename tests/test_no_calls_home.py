"""Nothing here phones home, and none of the libraries does, without anybody switching anything off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml

from orchestration import instance
from orchestration.dbt import PROJECT
from orchestration.settings import REPOSITORY
from tests.payloads import journey, land
from tests.pipeline.running import settings_of

# What the Makefile and an instance switch off besides: here it has to hold without.
_SWITCHES = ("DAGSTER_DISABLE_TELEMETRY", "DO_NOT_TRACK", "GX_ANALYTICS_ENABLED")
_WATCHED = """
import json, os, sys
calls = []

def watch(event, arguments):
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        if not str(arguments[1][0]).startswith(("127.", "::1", "localhost")):
            calls.append(str(arguments[1]))
    if event == "socket.getaddrinfo" and arguments[0] not in (None, "localhost", "127.0.0.1", "::1", "0.0.0.0"):
        calls.append(str(arguments[0]))

sys.addaudithook(watch)
from pathlib import Path
from orchestration.cli import main
from tests.pipeline.running import canonical_events, failure, run, settings_of
settings = settings_of(Path(sys.argv[1]))
os.environ["MICRO_CONVERSIONS_HOME"] = sys.argv[1]
main(["status"])
result = run(settings, canonical_events(settings))
assert result.success, failure(result)
import time; time.sleep(1)  # what reports in the background gets its turn
print("CALLS", json.dumps(calls))
import socket
try:
    socket.create_connection(("192.0.2.1", 9), timeout=0.01)
except OSError:
    pass
assert calls, "the watch is blind"
"""


def test_a_run_with_its_gates_and_data_docs_connects_to_no_other_machine(tmp_path):
    land(tmp_path, "sendgrid/a.json", journey())
    environment = {name: value for name, value in os.environ.items() if name not in _SWITCHES}
    done = subprocess.run(
        [sys.executable, "-c", _WATCHED, str(tmp_path)],
        cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "CALLS []" in done.stdout, done.stdout[-2000:]


def test_the_instance_of_a_home_has_dagsters_telemetry_off(tmp_path, monkeypatch):
    for name in _SWITCHES:
        monkeypatch.delenv(name, raising=False)
    settings = settings_of(tmp_path)
    instance.prepare(settings)
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as home:
        assert home.telemetry_enabled is False
    assert yaml.safe_load((settings.dagster_home / "dagster.yaml").read_text())["nux"] == {"enabled": False}


def test_dbt_sends_no_statistics():
    assert yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["flags"]["send_anonymous_usage_stats"] is False


@pytest.mark.parametrize(
    "page", sorted((Path(REPOSITORY) / "orchestration/checks/templates").glob("*")), ids=lambda path: path.name
)
def test_no_template_of_the_data_docs_names_another_host(page):
    assert "http" not in page.read_text().replace("http://www.w3.org/", "")
