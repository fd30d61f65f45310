"""The real thing: webserver and daemon started, a file dropped, the marts changed, all seen through the GraphQL API."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest
import requests

from orchestration.jobs import MAIN_JOB
from orchestration.settings import REPOSITORY
from tests.payloads import journey, land
from tests.pipeline.running import published

NOTICED_WITHIN_SECONDS = 30


class LiveDagster:
    """`python -m orchestration dev` on a home, and questions to its API."""

    def __init__(self, home):
        self.home = home
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = home / "dev.log"

    def __enter__(self):
        self.home.mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            "MICRO_CONVERSIONS_HOME": str(self.home),
            "MICRO_CONVERSIONS_SETTLE_SECONDS": "0.5",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "orchestration", "dev", "--port", str(self.port)],
            cwd=REPOSITORY,
            env=environment,
            stdout=self.log.open("w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.until(lambda: self.ask("{ version }"), 120, "the webserver answers")
        self.until(self._loaded, 120, "the code location is loaded")
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise

    def ask(self, query: str, **variables):
        answer = requests.post(
            f"http://127.0.0.1:{self.port}/graphql", json={"query": query, "variables": variables}, timeout=60
        ).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def until(self, question, seconds: float, what: str):
        """Ask until the answer is true. Returns it and the seconds it took."""
        started = time.monotonic()
        answer = None
        while time.monotonic() - started < seconds:
            assert self.process.poll() is None, f"dev ended while waiting until {what}:\n{self.log.read_text()[-3000:]}"
            try:
                answer = question()
            except (requests.ConnectionError, requests.Timeout):
                answer = None
            if answer:
                return answer, time.monotonic() - started
            time.sleep(0.25)
        raise AssertionError(f"not within {seconds} s: {what}\n{self.log.read_text()[-3000:]}")

    def _loaded(self):
        nodes = self.ask("{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }")
        return nodes["repositoriesOrError"].get("nodes")

    def runs(self, *statuses: str) -> list[str]:
        found = self.ask(
            "query ($filter: RunsFilter) { runsOrError(filter: $filter) { ... on Runs { results { runId status } } } }",
            filter={"pipelineName": MAIN_JOB},
        )["runsOrError"]["results"]
        return [run["runId"] for run in found if not statuses or run["status"] in statuses]


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    with LiveDagster(tmp_path_factory.mktemp("home")) as dagster:
        yield dagster


def messages(home) -> int:
    return published(home, "select count(*) from fct_messages")[0][0]


def test_a_dropped_file_reaches_the_published_marts_by_itself(live):
    land(live.home, "sendgrid/first.json", journey())
    _, noticed = live.until(live.runs, NOTICED_WITHIN_SECONDS, "the sensor asks for a run")
    live.until(lambda: live.runs("SUCCESS", "FAILURE"), 240, "the run ends")
    assert live.runs("SUCCESS"), live.log.read_text()[-3000:]
    assert messages(live.home) == 1
    print(f"noticed after {noticed:.1f} s")

    done = len(live.runs("SUCCESS"))
    land(live.home, "sendgrid/second.json", journey("reader2@example.com", "m2"))
    live.until(lambda: len(live.runs("SUCCESS")) > done, 240, "a second run succeeds")
    assert messages(live.home) == 2


def test_sensor_and_schedule_are_on_without_a_click(live):
    states = live.ask(
        """{ repositoriesOrError { ... on RepositoryConnection { nodes {
               sensors { name sensorState { status } } schedules { name scheduleState { status } } } } } }"""
    )["repositoriesOrError"]["nodes"][0]
    assert {s["name"]: s["sensorState"]["status"] for s in states["sensors"]} == {
        "new_exports": "RUNNING",
        "stale_sources": "RUNNING",
        "undelivered_follow_ups": "RUNNING",
    }
    assert {s["name"]: s["scheduleState"]["status"] for s in states["schedules"]} == {"daily_marts": "RUNNING"}


def test_the_graph_shows_groups_descriptions_owners_kinds_rows_columns_and_lineage(live):
    live.until(lambda: live.runs("SUCCESS"), 300, "a run succeeds")
    nodes = live.ask(
        """{ assetNodes { assetKey { path } groupName description kinds owners { ... on TeamAssetOwner { team } }
             assetMaterializations(limit: 1) { metadataEntries { label __typename } } } }"""
    )["assetNodes"]
    by_key = {"/".join(node["assetKey"]["path"]): node for node in nodes}
    assert by_key["raw/sendgrid"]["groupName"] == "raw"
    assert by_key["staging/stg_sendgrid__events"]["groupName"] == "staging"
    assert by_key["marts/fct_messages"]["groupName"] == "funnels"
    for key, node in by_key.items():
        assert node["description"], f"{key} has no description"
        assert node["owners"], f"{key} has no owner"
        assert node["kinds"], f"{key} has no kind"
    metadata = {entry["label"] for entry in by_key["marts/fct_messages"]["assetMaterializations"][0]["metadataEntries"]}
    assert {"dagster/row_count", "dagster/column_schema", "dagster/column_lineage"} <= metadata


def test_every_gate_shows_its_checks_with_what_was_observed(live):
    live.until(lambda: live.runs("SUCCESS"), 300, "a run succeeds")
    nodes = live.ask(
        """{ assetNodes { assetKey { path } assetChecksOrError { ... on AssetChecks { checks { name blocking
             executionForLatestMaterialization { status evaluation { metadataEntries { label } } } } } } } }"""
    )["assetNodes"]
    checks = {"/".join(n["assetKey"]["path"]): n["assetChecksOrError"].get("checks", []) for n in nodes}
    for key in ("raw/sendgrid", "intermediate/int_email_events", "marts/campaign_performance"):
        assert checks[key], f"{key} has no check"
        for check in checks[key]:
            latest = check["executionForLatestMaterialization"]
            assert latest and latest["status"] == "SUCCEEDED", (key, check["name"], latest)
            assert latest["evaluation"]["metadataEntries"], (key, check["name"])
    assert "held_back" in {check["name"] for check in checks["raw/sendgrid"]}
    assert not next(check for check in checks["raw/sendgrid"] if check["name"] == "held_back")["blocking"]


def test_the_data_docs_that_a_failed_check_leads_to_are_served(live):
    live.until(lambda: live.runs("SUCCESS"), 300, "a run succeeds")
    (address,) = re.findall(r"Data Docs: (http://127\.0\.0\.1:\d+)", live.log.read_text())
    assert "int_email_events" in requests.get(f"{address}/int_email_events.html", timeout=20).text


def test_the_skip_reason_says_why_the_sensor_waits(live):
    def reasons():
        ticks = live.ask(
            """query ($sensor: SensorSelector!) { sensorOrError(sensorSelector: $sensor) { ... on Sensor {
                 sensorState { ticks(limit: 3) { status skipReason } } } } }""",
            sensor={
                "repositoryName": "__repository__",
                "repositoryLocationName": "micro_conversions",
                "sensorName": "new_exports",
            },
        )["sensorOrError"]["sensorState"]["ticks"]
        return [tick["skipReason"] for tick in ticks if tick["skipReason"]]

    found, _ = live.until(lambda: [r for r in reasons() if "Nothing new" in r], 60, "the sensor rests")
    assert found


def test_a_selection_materialises_from_the_ui_without_configuration(live):
    live.until(lambda: not live.runs("QUEUED", "STARTED", "STARTING"), 240, "no run is under way")
    launched = live.ask(
        """mutation ($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) {
             __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }""",
        params={
            "mode": "default",
            "runConfigData": {},
            "selector": {
                "repositoryName": "__repository__",
                "repositoryLocationName": "micro_conversions",
                "pipelineName": "__ASSET_JOB",
                "assetSelection": [{"path": ["raw", "postmark"]}, {"path": ["marts", "campaign_funnel"]}],
            },
        },
    )["launchPipelineExecution"]
    assert launched["__typename"] == "LaunchRunSuccess", launched

    def status():
        run = live.ask(
            "query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }", id=launched["run"]["runId"]
        )["runOrError"]
        return run["status"] in ("SUCCESS", "FAILURE") and run["status"]

    ended, _ = live.until(status, 180, "the selection's run ends")
    assert ended == "SUCCESS", live.log.read_text()[-3000:]
