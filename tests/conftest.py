"""Published homes that many tests read, each made once a session and never changed: a test that writes copies one."""

import shutil
from datetime import datetime

import pytest

from orchestration.samples import write_samples
from tests.payloads import journey, land
from tests.pipeline.hostile import land_hostile_exports
from tests.pipeline.running import failure, run, settings_of


@pytest.fixture(scope="session")
def sampled(tmp_path_factory):
    """Settings of a home whose sample exports were loaded, built and published, with the truth file beside it."""
    home = tmp_path_factory.mktemp("sampled")
    write_samples(home / "landing", events=6_000, seed=11, truth=home / "truth.parquet")
    return _run(settings_of(home, pinned_now=datetime(2026, 11, 18)))


@pytest.fixture(scope="session")
def hostile_run(tmp_path_factory):
    """Settings of a home with much that is wrong in its exports, and the result of the run that published it."""
    settings = settings_of(tmp_path_factory.mktemp("hostile"))
    land_hostile_exports(settings.home)
    result = run(settings)
    assert result.success, failure(result)
    return settings, result


@pytest.fixture(scope="session")
def hostile(hostile_run):
    """Settings of that home."""
    return hostile_run[0]


@pytest.fixture(scope="session")
def journey_home(tmp_path_factory):
    """A home with one journey in one export; see `journeyed`."""
    home = tmp_path_factory.mktemp("journey")
    land(home, "sendgrid/0.json", journey())
    _run(settings_of(home))
    return home


@pytest.fixture
def journeyed(journey_home, tmp_path):
    """Settings of a copy of that home, for a test that goes on from there."""
    return settings_of(shutil.copytree(journey_home, tmp_path / "home"))


def _run(settings):
    result = run(settings)
    assert result.success, failure(result)
    return settings
