"""A run that is killed, wherever it was, and started again ends as if nobody had killed it."""

from __future__ import annotations

import random
import time

import pytest

from tests.equivalence.runs import end_as, killed, land_exports
from tests.pipeline.running import settings_of

# What shows on disk that a run has got so far.
PHASES = {
    "the load": lambda settings: any(settings.work.glob("load-*/*")),
    "the models": lambda settings: any((settings.home / "dbt").rglob("int_email_events.sql")),
    "the publication": lambda settings: any(settings.home.glob("marts.duckdb.*.tmp*")),
}


@pytest.mark.timeout(1200)
def test_a_run_killed_in_every_phase_leaves_no_trace(undisturbed, tmp_path):
    settings = settings_of(tmp_path)
    land_exports(tmp_path)
    for phase, is_in in PHASES.items():
        assert killed(settings, lambda is_in=is_in: is_in(settings)), f"{phase} was not met"
    end_as(undisturbed, settings)


@pytest.mark.long
@pytest.mark.timeout(0)
def test_two_hundred_runs_killed_at_random_moments_leave_no_trace(undisturbed, tmp_path):
    chance = random.Random(0)
    started = time.monotonic()
    settings = settings_of(tmp_path / "measured")
    land_exports(settings.home)
    assert not killed(settings, lambda: False)
    seconds = time.monotonic() - started
    kills = 0
    for number in range(1_000):
        settings = settings_of(tmp_path / str(number))
        land_exports(settings.home)
        for _ in range(chance.randint(1, 8)):
            at = time.monotonic() + chance.uniform(0, seconds)
            kills += killed(settings, lambda at=at: time.monotonic() >= at)
        end_as(undisturbed, settings)
        if kills >= 200:
            break
    assert kills >= 200
