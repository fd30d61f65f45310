"""Dagster's event log with its databases kept open: the same files, written together or not at all."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent, DagsterEventType, StepMaterializationData
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage

from orchestration.event_log import KeptSqliteEventLogStorage


@pytest.fixture
def kept(tmp_path):
    storage = KeptSqliteEventLogStorage(str(tmp_path))
    yield storage
    storage.dispose()


def materialized(name: str, run_id: str = "r") -> EventLogEntry:
    data = StepMaterializationData(dg.AssetMaterialization(name))
    event = DagsterEvent(DagsterEventType.ASSET_MATERIALIZATION.value, "job", event_specific_data=data)
    return EventLogEntry(None, 10, "", run_id, 1.0, "step", "job", event)


def assets(storage) -> set[str]:
    return {key.to_user_string() for key in storage.all_asset_keys()}


def test_dagsters_own_storage_reads_what_was_written_and_the_other_way_round(kept, tmp_path):
    kept.store_event_batch([materialized("a"), materialized("b", "another run")])
    kept.store_event(materialized("c"))
    own = SqliteEventLogStorage(str(tmp_path))
    assert assets(own) == {"a", "b", "c"}
    assert [len(own.get_logs_for_run(run)) for run in ("r", "another run")] == [2, 1]
    own.store_event(materialized("d"))
    assert assets(kept) == {"a", "b", "c", "d"}


def test_a_batch_is_stored_whole_or_not_at_all(kept):
    kept.store_event(materialized("before"))
    with pytest.raises(Exception, match="EventLogEntry"):
        kept.store_event_batch([materialized("a"), SimpleNamespace(run_id="r")])
    assert assets(kept) == {"before"}
    assert len(kept.get_logs_for_run("r")) == 1
    kept.store_event_batch([materialized("a")])
    assert assets(kept) == {"before", "a"}


def test_threads_write_beside_each_other_and_databases_are_closed_in_turn(kept):
    def write(thread: int) -> None:
        for number in range(10):
            event = materialized(f"{thread}/{number}", f"run {thread} {number}")
            kept.store_event_batch([event, event]) if number % 2 else kept.store_event(event)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(assets(kept)) == 40
    assert len(kept._engines) <= 4
