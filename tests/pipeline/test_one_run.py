"""Only one run writes at a time: the others wait, say for whom, and go on when that one ends or dies."""

import logging
import multiprocessing
import os
import signal

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test
from filelock import FileLock, Timeout

from orchestration import instance, progress
from orchestration.assets import WAREHOUSE_POOL
from orchestration.jobs import MAIN_JOB
from orchestration.resources import Warehouse
from tests.payloads import journey, land
from tests.pipeline.running import failure, published, run, settings_of


def _hold(settings, is_held):
    """A run that holds the warehouse until it is killed."""
    with dg.build_resources({"warehouse": Warehouse.of(settings)}):
        is_held.set()
        signal.pause()


class Lines(logging.Handler):
    """Does something at each line of progress that a run tells, and keeps the lines."""

    def __init__(self, do):
        super().__init__()
        self.do, self.lines = do, []

    def emit(self, record):
        self.lines.append(record.getMessage())
        self.do(record.getMessage())


@pytest.fixture
def listening(monkeypatch):
    def listen(do):
        lines = Lines(do)
        monkeypatch.setattr(progress.logger, "handlers", [lines])
        monkeypatch.setattr(progress.logger, "level", logging.INFO)
        return lines

    return listen


def test_a_run_waits_for_the_one_that_holds_the_warehouse_and_a_killed_holder_frees_it(tmp_path, listening):
    settings = settings_of(tmp_path)
    land(tmp_path, "sendgrid/a.json", journey())
    spawn = multiprocessing.get_context("spawn")
    is_held = spawn.Event()
    holder = spawn.Process(target=_hold, args=(settings, is_held))
    holder.start()
    assert is_held.wait(120)
    taken = []

    def kill_when_waited_for(line):
        taken.append(_is_free(settings))
        if line.startswith("Waiting for"):
            os.kill(holder.pid, signal.SIGKILL)
            holder.join()

    lines = listening(kill_when_waited_for)
    result = run(settings)
    assert result.success, failure(result)
    assert lines.lines[0].startswith("Waiting for run") and f"process {holder.pid}" in lines.lines[0]
    assert len([line for line in lines.lines if line.startswith("Waiting")]) == 1
    # From the first line to the last, between the steps too, nobody else could have written.
    assert len(taken) > 5 and not any(taken)
    assert _is_free(settings)
    assert published(tmp_path, "select count(*) from fct_messages") == [(1,)]


def _is_free(settings):
    try:
        with FileLock(settings.warehouse_path.with_suffix(".lock"), timeout=0):
            return True
    except Timeout:
        return False


def test_a_command_that_was_killed_is_not_waited_for(tmp_path):
    with dg.instance_for_test() as home:
        tags = {instance.STARTED_BY_TAG: "command line"}
        started = dg.DagsterRunStatus.STARTED
        gone = create_run_for_test(home, MAIN_JOB, status=started, tags={**tags, instance.PROCESS_TAG: "999999999"})
        alive = create_run_for_test(
            home, MAIN_JOB, status=started, tags={**tags, instance.PROCESS_TAG: str(os.getpid())}
        )
        of_the_daemon = create_run_for_test(home, MAIN_JOB, status=started)
        instance.end_orphans(home)
        assert home.get_run_by_id(gone.run_id).status == dg.DagsterRunStatus.FAILURE
        assert home.get_run_by_id(alive.run_id).status == started
        assert home.get_run_by_id(of_the_daemon.run_id).status == started
        instance.end_orphans(home, daemon_is_down=True)
        assert home.get_run_by_id(of_the_daemon.run_id).status == dg.DagsterRunStatus.FAILURE


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING])
def test_the_place_of_a_run_that_was_killed_is_free_for_the_next(tmp_path, status):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as home:
        storage = home.event_log_storage
        storage.set_concurrency_slots(WAREHOUSE_POOL, 1)
        killed = create_run_for_test(home, MAIN_JOB, status=status)
        storage.claim_concurrency_slot(WAREHOUSE_POOL, killed.run_id, "marts")
        instance.end_orphans(home, daemon_is_down=True)
        assert storage.get_concurrency_run_ids() == set()
        assert storage.claim_concurrency_slot(WAREHOUSE_POOL, "the next", "marts").is_claimed


def test_the_place_of_a_run_that_dies_beside_a_living_daemon_is_freed_by_it(tmp_path, monkeypatch):
    settings = settings_of(tmp_path)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with instance.open_instance(settings) as home:
        monitoring = home.run_monitoring_settings
    assert monitoring["enabled"] and 0 < monitoring["free_slots_after_run_end_seconds"] <= 30


def test_a_run_that_has_the_warehouse_does_not_wait_for_the_place_of_one_that_was_killed(tmp_path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as home:
        storage = home.event_log_storage
        storage.set_concurrency_slots(WAREHOUSE_POOL, 1)
        storage.claim_concurrency_slot(WAREHOUSE_POOL, "killed", "marts")
        with dg.build_resources({"warehouse": Warehouse.of(settings_of(tmp_path))}, instance=home):
            assert storage.claim_concurrency_slot(WAREHOUSE_POOL, "this one", "marts").is_claimed
