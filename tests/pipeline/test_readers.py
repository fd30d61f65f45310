"""BI reads while a run writes: no lock, no half-built table, one version or the next."""

import multiprocessing
import time

import duckdb

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


def test_readers_in_other_processes_meet_no_lock_and_no_half_built_table(journeyed):
    settings = journeyed
    context = multiprocessing.get_context("spawn")
    stop, answers = context.Event(), context.Queue()
    readers = [
        context.Process(target=_read_in_a_loop, args=(str(settings.marts_path), stop, answers)) for _ in range(2)
    ]
    held = duckdb.connect(str(settings.marts_path), read_only=True)
    for reader in readers:
        reader.start()
    for n in (1, 2):
        land(settings.home, f"sendgrid/{n}.json", journey(f"reader{n}@example.com", f"m{n}", at=n))
        result = run(settings)
        assert result.success, failure(result)
    stop.set()
    results = [answers.get(timeout=60) for _ in readers]
    for reader in readers:
        reader.join(timeout=60)
    assert held.execute("select count(*) from marts.marts.fct_messages").fetchone() == (1,)
    held.close()
    for seen, errors, reads in results:
        assert errors == []
        assert reads > 10
        assert seen <= {(1, 1), (2, 2), (3, 3)}
    assert any((3, 3) in seen or (2, 2) in seen for seen, _, _ in results)
