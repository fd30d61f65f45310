"""What takes longer than it may is stopped: a step, a run, and what does not come back."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import dagster as dg
import pytest
import yaml

from orchestration import instance
from orchestration.deadlines import TookTooLong, time_limit
from orchestration.settings import REPOSITORY, Settings
from orchestration.steps import carried_out


def step(seconds: float):
    return time_limit(seconds, "The load", "MICRO_CONVERSIONS_STEP_TIMEOUT_SECONDS")


def run(seconds: float):
    return time_limit(seconds, "The run", "MICRO_CONVERSIONS_RUN_TIMEOUT_SECONDS")


def test_a_step_that_takes_too_long_is_stopped_and_says_what_to_do():
    started = time.monotonic()
    with (
        pytest.raises(TookTooLong, match=r"The load took longer.*MICRO_CONVERSIONS_STEP_TIMEOUT_SECONDS"),
        step(0.2),
    ):
        time.sleep(5)
    assert time.monotonic() - started < 2


def test_a_step_that_does_not_even_come_back_from_that_ends_with_its_process():
    program = """
import duckdb
from orchestration import deadlines
deadlines.SECONDS_TO_GIVE_UP = 1
with deadlines.time_limit(0.2, "The load", "x"), duckdb.connect() as connection:
    connection.execute("select sum(a.range * b.range) from range(10000000) a, range(1000000) b").fetchall()
"""
    started = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, timeout=60)
    assert ended.returncode != 0 and time.monotonic() - started < 20


def test_a_step_within_its_time_is_left_alone_afterwards():
    with step(0.1):
        pass
    time.sleep(0.15)


def test_a_run_ends_within_one_of_its_steps_and_lets_no_other_begin(tmp_path):
    began = []

    def asset_of(name):
        @dg.asset(name=name)
        @carried_out(Settings(home=tmp_path))
        def asset(context):
            began.append(name)
            if len(began) == 2:
                time.sleep(60)

        return asset

    with dg.DagsterInstance.ephemeral() as instance, run(3):
        assets = [asset_of(name) for name in ("a", "b", "c", "d")]
        result = dg.materialize(assets, instance=instance, raise_on_error=False)
    assert not result.success and len(began) == 2
    errors = [e.event_specific_data.error for e in result.all_events if e.is_step_failure]
    assert len(errors) == 3 and all("The run took longer" in str(error) for error in errors)


def test_the_time_of_a_run_goes_on_while_its_steps_have_limits_of_their_own():
    with pytest.raises(TookTooLong, match="The run"), run(0.4):
        for _ in range(10):
            with step(0.2):
                time.sleep(0.1)


def test_a_run_from_the_terminal_has_its_limit_too(tmp_path):
    environment = {**os.environ, "MICRO_CONVERSIONS_HOME": str(tmp_path), "MICRO_CONVERSIONS_RUN_TIMEOUT_SECONDS": "1"}
    (tmp_path / "landing" / "sendgrid").mkdir(parents=True)
    ended = subprocess.run(
        [sys.executable, "-m", "orchestration", "run"],
        cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 1 and "The run took longer than 1 seconds" in ended.stdout
    assert "Nothing was published" in ended.stdout and "Traceback" not in ended.stdout + ended.stderr


def test_a_run_of_the_daemon_has_the_same_limit(tmp_path):
    instance.prepare(Settings(home=tmp_path, run_timeout_seconds=77))
    told = yaml.safe_load((tmp_path / "dagster" / "dagster.yaml").read_text())
    assert told["run_monitoring"]["max_runtime_seconds"] == 77
