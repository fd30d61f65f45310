"""BI reads while a run writes: no lock, no half-built table, one version or the next."""

import multiprocessing
import time
from contextlib import contextmanager

import duckdb
import pytest

from tests.payloads import journey, land
from tests.pipeline.running import failure, run


def _read_in_a_loop(path, stop, answers):
    """Join two tables of the published marts again and again; tell what was seen and what went wrong."""
    seen, errors, reads = set(), [], 0
    while not stop.is_set():
        try:
            with duckdb.connect(path, read_only=True) as connection:
                connection.execute("use marts.marts")
                messages = connection.execute("select count(*) from fct_messages").fetchone()[0]
                time.sleep(0.005)  # a publication in between must not mix versions
                sent = connection.execute("select sum(messages) from campaign_funnel where step = 'sent'").fetchone()[0]
                seen.add((messages, int(sent)))
                reads += 1
        except Exception as error:
            errors.append(str(error))
    answers.put((seen, errors, reads))


@contextmanager
def reading(settings, number):
    """So many processes that read until the body ends: what each saw, its errors, and how often it read."""
    context = multiprocessing.get_context("spawn")
    stop, answers, results = context.Event(), context.Queue(), []
    readers = [
        context.Process(target=_read_in_a_loop, args=(str(settings.marts_path), stop, answers)) for _ in range(number)
    ]
    for reader in readers:
        reader.start()
    try:
        yield results
    finally:
        stop.set()
        results += [answers.get(timeout=60) for _ in readers]
        for reader in readers:
            reader.join(timeout=60)


def _run_on_one_more(settings, number):
    land(settings.home, f"sendgrid/{number}.json", journey(f"reader{number}@example.com", f"m{number}", at=number))
    result = run(settings)
    assert result.success, failure(result)


def _assert_whole(results, publications):
    for seen, errors, reads in results:
        assert errors == []
        assert reads > 10
        assert seen <= {(n, n) for n in range(1, publications + 1)}


def test_readers_in_other_processes_meet_no_lock_and_no_half_built_table(journeyed):
    held = duckdb.connect(str(journeyed.marts_path), read_only=True)
    with reading(journeyed, 2) as results:
        for number in (1, 2):
            _run_on_one_more(journeyed, number)
    assert held.execute("select count(*) from marts.marts.fct_messages").fetchone() == (1,)
    held.close()
    _assert_whole(results, publications=3)
    assert any((3, 3) in seen or (2, 2) in seen for seen, _, _ in results)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_eight_readers_read_for_two_minutes_while_runs_follow_each_other(journeyed):
    started, runs = time.monotonic(), 0
    with reading(journeyed, 8) as results:
        while time.monotonic() < started + 120:
            runs += 1
            _run_on_one_more(journeyed, runs)
    _assert_whole(results, publications=runs + 1)
    assert runs >= 2 and len(set.union(*(seen for seen, _, _ in results))) >= 3
    print(f"{runs} runs, {sum(reads for _, _, reads in results):,} reads by 8 processes, no error")
