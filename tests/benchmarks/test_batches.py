"""What a batch of new events costs on histories of several sizes. Prints; asserts no time.

Belongs here: laying a history and batches down, and the arithmetic. Does not belong here: what is run (`pipeline.py`).

    ratio = a batch's run on a history, publication apart / the same on the smallest history

The batches are drawn anew from the history's last ten days, so that their events are up to ten days late.

    MICRO_CONVERSIONS_BENCH_SIZES     events of the histories, "1000000,10000000" unless set
    MICRO_CONVERSIONS_BENCH_BATCHES   events of the batches, "10000,100000" unless set
"""

import os
import shutil
from datetime import timedelta

import pytest

from orchestration.samples import world, write_samples
from tests.benchmarks.exports import settings_of, write_exports
from tests.benchmarks.measuring import Measured, Seconds, measure
from tests.benchmarks.test_spine_speed import _machine

SIZES = [int(n) for n in os.environ.get("MICRO_CONVERSIONS_BENCH_SIZES", "1000000,10000000").split(",")]
BATCHES = [int(n) for n in os.environ.get("MICRO_CONVERSIONS_BENCH_BATCHES", "10000,100000").split(",")]
DAYS = 10

pytestmark = [pytest.mark.bench, pytest.mark.timeout(0)]


def test_a_batch_on_every_history(tmp_path):
    runs: dict[tuple[int, int], Measured] = {}
    published_mb: dict[int, float] = {}
    for events in SIZES:
        settings = settings_of(tmp_path / str(events))
        write_exports(settings.landing, events)
        runs[events, 0] = measure("pipeline", settings)
        for batch in BATCHES:
            _land(settings, batch, tmp_path / "batch")
            runs[events, batch] = measure("pipeline", settings)
        published_mb[events] = settings.marts_path.stat().st_size / 1e6
        print(f"\n{events:,} events, {_machine(settings)}", flush=True)
        shutil.rmtree(settings.home)
    for batch in [0, *BATCHES]:
        named = f"a batch of {batch:,} events" if batch else "all at once"
        print(f"\n{named}, seconds (wall / CPU){'':12}" + "".join(f"{n:>22,}" for n in SIZES))
        of_batch = {events: runs[events, batch] for events in SIZES}
        _line("imports", of_batch, lambda run: _spans(run, "import "))
        _line("load, first gate included", of_batch, lambda run: run.seconds["load"])
        _line("models", of_batch, _models)
        _line("dbt's own work", of_batch, lambda run: run.seconds["dbt"] - _models(run))
        _line("later gates", of_batch, lambda run: run.seconds["gates"])
        _line("Dagster's own work", of_batch, _rest)
        _line("publication", of_batch, lambda run: run.seconds["publication"])
        _line("without publication", of_batch, _without_publication)
        smallest = _without_publication(of_batch[SIZES[0]])
        ratios = [_without_publication(run) for run in of_batch.values()]
        print(
            f"{'ratio':44}"
            + "".join(f"{f'{r.wall / smallest.wall:.2f} / {r.cpu / smallest.cpu:.2f}':>22}" for r in ratios)
        )
        print(f"{'peak memory, MB':44}" + "".join(f"{run.peak_mb['whole']:>22,.0f}" for run in of_batch.values()))
    rates = [published_mb[n] / runs[n, BATCHES[-1]].seconds["publication"].wall for n in SIZES]
    print(f"{'publication, MB a second':44}" + "".join(f"{rate:>22,.0f}" for rate in rates))


def _land(settings, events: int, scratch) -> None:
    """Land a batch whose exports nobody has seen: the same world's last days, drawn anew."""
    start = world.START + timedelta(days=world.DAYS - DAYS)
    write_samples(scratch, events=events, seed=events, start=start, days=DAYS, sources=["sendgrid"])
    shutil.move(scratch / "sendgrid", settings.landing / "sendgrid" / f"batch-{events}")
    shutil.rmtree(scratch)


def _spans(run: Measured, beginning: str) -> Seconds:
    return sum((seconds for name, seconds in run.seconds.items() if name.startswith(beginning)), Seconds())


def _models(run: Measured) -> Seconds:
    return _spans(run, "model ") + _spans(run, "empty ")


def _rest(run: Measured) -> Seconds:
    told = ("load", "dbt", "gates", "publication")
    return run.seconds["whole"] - _spans(run, "import ") - sum((run.seconds[name] for name in told), Seconds())


def _without_publication(run: Measured) -> Seconds:
    return run.seconds["whole"] - run.seconds["publication"]


def _line(label: str, runs: dict[int, Measured], seconds) -> None:
    taken = [seconds(run) for run in runs.values()]
    print(f"{label:44}" + "".join(f"{f'{s.wall:.1f} / {s.cpu:.1f}':>22}" for s in taken))
