"""Published homes that many tests read, each made once and never changed (a test that writes copies one); a server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from filelock import FileLock

from orchestration.samples import write_samples
from tests import browser
from tests import postgres_server as postgres
from tests.payloads import journey, land
from tests.pipeline.hostile import land_hostile_exports
from tests.pipeline.running import failure, run, settings_of


@pytest.fixture(scope="session")
def made_once(tmp_path_factory, worker_id) -> Callable[[str, Callable[[Path], None]], Path]:
    """A folder by its name, filled by the first worker that asks for it; the others wait for that."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent

    def folder(name: str, make: Callable[[Path], None]) -> Path:
        path, done = shared / f"home-{name}", shared / f"home-{name}.done"
        with FileLock(shared / f"home-{name}.lock"):
            if not done.exists():
                shutil.rmtree(path, ignore_errors=True)
                path.mkdir()
                make(path)
                done.touch()
        return path

    return folder


@pytest.fixture(scope="module")
def chromium():
    """A headless Chromium for the tests of a file; see `tests/browser.py`."""
    with browser.started() as started:
        yield started


@pytest.fixture(scope="session")
def sampled(made_once):
    """Settings of a home whose sample exports were loaded, built and published, with the truth file beside it."""

    def settings(home: Path):
        return settings_of(home, pinned_now=datetime(2026, 11, 18))

    def make(home: Path) -> None:
        write_samples(home / "landing", events=6_000, seed=11, truth=home / "truth.parquet")
        _published(settings(home))

    return settings(made_once("sampled", make))


@pytest.fixture(scope="session")
def hostile(made_once):
    """Settings of a home with much that is wrong in its exports; `failed_checks.json` names the checks that warned."""

    def make(home: Path) -> None:
        land_hostile_exports(home)
        result = _published(settings_of(home))
        failed = sorted({e.check_name for e in result.get_asset_check_evaluations() if not e.passed})
        (home / "failed_checks.json").write_text(json.dumps(failed))
        events = [str((event.message, event.event_specific_data)) for event in result.all_events]
        (home / "dagster_events.txt").write_text("\n".join(events))

    return settings_of(made_once("hostile", make))


@pytest.fixture(scope="session")
def journey_home(made_once):
    """A home with one journey in one export; see `journeyed`."""

    def make(home: Path) -> None:
        land(home, "sendgrid/0.json", journey())
        _published(settings_of(home))

    return made_once("journey", make)


@pytest.fixture
def journeyed(journey_home, tmp_path):
    """Settings of a copy of that home, for a test that goes on from there."""
    return settings_of(shutil.copytree(journey_home, tmp_path / "home"))


@pytest.fixture(scope="session")
def postgres_server():
    """A PostgreSQL server of this process's own."""
    if postgres.binaries() is None:
        pytest.skip(postgres.MISSING)
    with postgres.serve() as server:
        yield server


def _published(settings):
    result = run(settings)
    assert result.success, failure(result)
    return result
