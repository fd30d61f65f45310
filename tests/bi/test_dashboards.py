"""The dashboards as a person sees them: Superset, provisioned for a published home, in a real browser.

Needs the environment of `make bi` (`make .venv-bi/bi.stamp`) and Chromium. One server serves the whole file.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import yaml

from bi.declared import Chart, Dashboard, read
from orchestration.settings import REPOSITORY, Settings
from tests import browser
from tests.payloads import journey, land
from tests.pipeline.running import published

PYTHON = REPOSITORY / ".venv-bi" / "bin" / "python"
DECLARED = read()
# How often each page is loaded again while the run works, at least.
RELOADS = 3

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not PYTHON.exists(), reason="needs Superset: make .venv-bi/bi.stamp"),
    pytest.mark.skipif(
        browser.path_of_chromium() is None, reason="needs Chromium; on Debian: apt-get install chromium"
    ),
]


def _environment(settings: Settings) -> dict[str, str]:
    return {
        **os.environ,
        "MICRO_CONVERSIONS_HOME": str(settings.home),
        "MICRO_CONVERSIONS_NOW": settings.pinned_now.isoformat(),
        "MICRO_CONVERSIONS_SALT": settings.given_salt,
        "MICRO_CONVERSIONS_SETTLE_SECONDS": "0",
    }


@dataclass
class Answer:
    """What Superset's chart data API said of one chart: HTTP status, rows and error of each query."""

    status: int
    rows: list[int]
    errors: list[str]
    applied: set[str]
    data: list[list[dict]]


@dataclass
class Viewer:
    """A page of a browser in which somebody has logged in, and what its charts were told."""

    page: object
    address: str
    answers: dict[str, Answer] = field(default_factory=dict)
    hosts: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)

    def hear(self, response) -> None:
        """Note the answer to a chart, by its title."""
        self.hosts.add(urlsplit(response.url).netloc)
        if "/api/v1/chart/data" not in response.url:
            return
        asked = json.loads(response.request.post_data)
        try:
            results = response.json().get("result") or []
        except Exception as gone:  # the page was left while it loaded
            self.errors.append(str(gone))
            return
        number = (asked.get("form_data") or {}).get("slice_id")
        self.answers[self.titles.get(number, str(number))] = Answer(
            status=response.status,
            rows=[result.get("rowcount", 0) for result in results if isinstance(result, dict)],
            errors=[result["error"] for result in results if isinstance(result, dict) and result.get("error")],
            applied={f["column"] for result in results for f in result.get("applied_filters", ())},
            data=[result.get("data", []) for result in results if isinstance(result, dict)],
        )

    titles: dict[int, str] = field(default_factory=dict)

    def open(self, dashboard: Dashboard) -> None:
        """Open a dashboard, or load it again, and wait until none of its charts is loading."""
        slug = dashboard.name.replace("_", "-")
        charts = self.get(f"/api/v1/dashboard/{slug}/charts")["result"]
        self.titles = {chart["id"]: chart["slice_name"] for chart in charts}
        self.answers = {}
        self.page.goto(f"{self.address}/superset/dashboard/{slug}/")
        self.settle(dashboard.charts)

    def settle(self, charts) -> None:
        """Wait until these charts were answered and drawn."""
        wanted = {chart.title for chart in charts}
        deadline = time.monotonic() + 60
        while wanted - self.answers.keys() or self.page.locator(".loading, [data-test=loading-indicator]").count():
            assert time.monotonic() < deadline, f"not drawn: {sorted(wanted - self.answers.keys())}"
            self.page.wait_for_timeout(100)
        self.page.wait_for_timeout(300)

    def get(self, path: str):
        """What the API says, as the one who has logged in."""
        answered = self.page.context.request.get(f"{self.address}{path}")
        assert answered.ok, answered.text()
        return answered.json()

    def holder(self, chart: Chart):
        """A chart's place in the page."""
        return self.page.locator(
            ".dashboard-component-chart-holder", has=self.page.get_by_text(chart.title, exact=True)
        )


@pytest.fixture(scope="module")
def settings(sampled, tmp_path_factory) -> Settings:
    """A copy of the sample home, whose dashboards are provisioned and which a run may write to."""
    return replace(sampled, home=shutil.copytree(sampled.home, tmp_path_factory.mktemp("bi") / "home"))


@pytest.fixture(scope="module")
def address(settings) -> Iterator[str]:
    """Where Superset serves the dashboards of the home, from `python -m bi`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = settings.home.parent / "superset.log"
    with log.open("w") as said:
        server = subprocess.Popen(
            [PYTHON, "-m", "bi", "--port", str(port)],
            cwd=REPOSITORY,
            env=_environment(settings),
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 240
        while True:
            try:
                if requests.get(f"{address}/health", timeout=5).ok:
                    break
            except requests.RequestException:
                assert server.poll() is None and time.monotonic() < deadline, log.read_text()[-3_000:]
                time.sleep(0.5)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)


@pytest.fixture(scope="module")
def viewer(chromium, address, settings) -> Iterator[Viewer]:
    """Somebody who has logged in, in a browser that may reach the server and nothing else."""
    with browser.opened(chromium, offline=False, viewport={"width": 1600, "height": 1000}) as watched:
        viewer = Viewer(watched.page, address)
        watched.page.on("response", viewer.hear)
        watched.page.goto(f"{address}/login/")
        watched.page.locator("input[type=text]").first.fill("admin")
        watched.page.locator("input[type=password]").fill((settings.home / "bi" / "password").read_text())
        watched.page.keyboard.press("Enter")
        watched.page.wait_for_url(lambda url: "/login" not in url)
        yield viewer


def _assert_shown(viewer: Viewer, dashboard: Dashboard) -> None:
    for chart in dashboard.charts:
        answer = viewer.answers[chart.title]
        assert answer.status == 200, (chart.title, answer)
        assert answer.errors == [], (chart.title, answer)
        assert answer.rows and max(answer.rows) > 0, (chart.title, answer)
        drawn = viewer.holder(chart).locator("canvas, svg, table, .header-line")
        assert drawn.count() > 0, chart.title
    page = viewer.page
    assert page.locator(".ant-alert-error, [data-test=error-boundary]").count() == 0
    for said in ("No results were returned", "Unexpected error", "There is no chart definition"):
        assert page.get_by_text(said).count() == 0, said


@pytest.mark.parametrize("dashboard", DECLARED.dashboards.values(), ids=DECLARED.dashboards)
def test_every_chart_of_the_page_shows_data_and_no_error(viewer, dashboard):
    viewer.open(dashboard)
    assert set(viewer.titles.values()) == {chart.title for chart in dashboard.charts}
    _assert_shown(viewer, dashboard)


def test_no_page_asked_anybody_but_the_server(viewer, address):
    assert viewer.hosts == {urlsplit(address).netloc}


def test_a_segment_chosen_moves_the_charts_that_follow_it_and_no_other(viewer):
    funnel = DECLARED.dashboards["funnel"]
    viewer.open(funnel)
    everybody = viewer.answers["Messages sent"].data[0][0]["messages"]
    page = viewer.page
    viewer.answers = {}
    page.locator("[data-test=form-item-value]").nth(2).locator("input").first.click()
    page.locator(".ant-select-item-option", has_text=re.compile("^customers$")).click()
    page.keyboard.press("Escape")
    page.locator("[data-test='filter-bar__apply-button']").click()
    moved = funnel.sections[0].charts
    viewer.settle(moved)
    assert 0 < viewer.answers["Messages sent"].data[0][0]["messages"] < everybody
    assert all("segment" in viewer.answers[chart.title].applied for chart in moved)
    assert viewer.answers.keys() == {chart.title for chart in moved}


def test_a_click_on_a_campaign_filters_the_charts_that_know_campaigns_and_no_other(viewer):
    funnel = DECLARED.dashboards["funnel"]
    viewer.open(funnel)
    everything = viewer.answers["Messages sent"].data[0][0]["messages"]
    table = next(chart for chart in funnel.charts if chart.title.startswith("Which campaigns are clicked"))
    viewer.answers = {}
    viewer.holder(table).locator("tbody td").first.click()
    following = {chart.title for section in funnel.sections[:2] for chart in section.charts} - {table.title}
    viewer.settle([chart for chart in funnel.charts if chart.title in following])
    assert 0 < viewer.answers["Messages sent"].data[0][0]["messages"] < everything
    assert viewer.answers.keys() - {table.title} == following


def test_superset_exports_what_the_files_say(viewer, settings):
    """The bundle goes in and comes out again with every word, ids of its own apart."""
    made = json.loads(
        subprocess.run(
            [
                PYTHON,
                "-c",
                "import json; from bi import provision; from orchestration.settings import Settings;"
                "print(json.dumps(provision.files(Settings.from_environment())))",
            ],
            cwd=REPOSITORY,
            env=_environment(settings),
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )
    numbers = [d["id"] for d in viewer.get("/api/v1/dashboard/?q=(page_size:100)")["result"]]
    exported = viewer.page.context.request.get(
        f"{viewer.address}/api/v1/dashboard/export/?q=!({','.join(map(str, numbers))})"
    )
    archive = zipfile.ZipFile(io.BytesIO(exported.body()))
    came = {
        document["uuid"]: document
        for document in (yaml.safe_load(archive.read(name)) for name in archive.namelist())
        if "uuid" in document
    }
    went = {document["uuid"]: document for text in made.values() if "uuid" in (document := yaml.safe_load(text))}
    assert went.keys() == came.keys()
    for uuid, document in went.items():
        assert _lacking(_without_numbers(document), _without_numbers(came[uuid])) == [], document


def _without_numbers(document):
    """Ids that an import gives anew are told by the chart that they stand for."""
    if "position" not in document:
        return document
    titles = {
        str(place["meta"]["chartId"]): place["meta"]["sliceName"]
        for place in document["position"].values()
        if isinstance(place, dict) and place.get("type") == "CHART"
    }

    def renamed(value, key=None):
        if isinstance(value, dict):
            return {
                (titles.get(name, name) if key == "chart_configuration" else name): renamed(kept, name)
                for name, kept in value.items()
                if name != "chartsInScope"
            }
        if isinstance(value, list):
            named = [renamed(kept, key) for kept in value]
            return sorted(named) if key == "excluded" else named
        return titles.get(str(value), value) if key in ("id", "chartId", "excluded") else value

    return renamed(document)


def _lacking(wanted, found, at="") -> list[str]:
    """Where `found` does not say what `wanted` says; what it says besides does not count."""
    if isinstance(wanted, dict):
        if not isinstance(found, dict):
            return [] if not wanted and not found else [f"{at}: {wanted!r} became {found!r}"]
        return [lack for key, value in wanted.items() for lack in _lacking(value, found.get(key), f"{at}/{key}")]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        name = next(
            (k for k in ("column_name", "metric_name") if wanted and isinstance(wanted[0], dict) and k in wanted[0]),
            None,
        )
        order = (lambda rows: sorted(rows, key=lambda row: row[name])) if name else list
        return [
            lack
            for number, (a, b) in enumerate(zip(order(wanted), order(found), strict=True))
            for lack in _lacking(a, b, f"{at}/{number}")
        ]
    return [] if wanted == found or (not wanted and not found) else [f"{at}: {wanted!r} became {found!r}"]


def test_nobody_gets_in_without_the_password_and_its_file_is_the_owners_alone(address, settings):
    assert requests.get(f"{address}/api/v1/dashboard/funnel", timeout=10).status_code in (401, 403, 404)
    assert requests.get(f"{address}/superset/dashboard/funnel/", timeout=10).url.startswith(f"{address}/login")
    kept = settings.home / "bi"
    assert kept.stat().st_mode & 0o077 == 0
    for name in ("password", "secret_key", "superset.db"):
        assert (kept / name).stat().st_mode & 0o077 == 0, name


@pytest.mark.parametrize(
    "statement",
    ["select * from read_text('/etc/hostname')", "create table marts.marts.mine as select 1", "attach '/tmp/x.duckdb'"],
)
def test_a_query_reads_the_marts_and_nothing_else_and_writes_nothing(viewer, statement):
    database = viewer.get("/api/v1/database/")["result"][0]["id"]
    token = viewer.get("/api/v1/security/csrf_token/")["result"]

    def said(sql):
        return viewer.page.context.request.post(
            f"{viewer.address}/api/v1/sqllab/execute/",
            headers={"X-CSRFToken": token, "Referer": viewer.address},
            data={"database_id": database, "sql": sql},
        )

    assert said("select count(*) as messages from marts.marts.fct_messages").ok
    assert not said(statement).ok


def test_a_reload_during_a_run_shows_data_and_a_reload_after_it_the_new_marts(viewer, settings):
    pages = [DECLARED.dashboards["overview"], DECLARED.dashboards["follow_ups"]]

    def delivered() -> int:
        return viewer.answers["Delivered"].data[0][0]["delivered"]

    viewer.open(pages[0])
    before = delivered()
    land(settings.home, "sendgrid/during.json", journey("late@example.com", "during"))
    later = replace(settings, pinned_now=settings.pinned_now + timedelta(days=1))
    log = settings.home.parent / "run.log"
    with log.open("w") as said:
        run = subprocess.Popen(
            [str(REPOSITORY / ".venv" / "bin" / "python"), "-m", "orchestration", "run"],
            cwd=REPOSITORY,
            env=_environment(later),
            stdout=said,
            stderr=said,
        )
    reloads = 0
    try:
        while run.poll() is None:
            for page in pages:
                viewer.open(page)
                _assert_shown(viewer, page)
            reloads += 1
    finally:
        run.terminate()
    assert run.wait() == 0, Path(log).read_text()[-3_000:]
    assert reloads >= RELOADS
    viewer.open(pages[0])
    _assert_shown(viewer, pages[0])
    assert delivered() == before + 1
    assert published(settings.home, "select published_at from publication") == [(later.pinned_now,)]
