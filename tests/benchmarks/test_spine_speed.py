"""How much slower than SQL by hand is the pipeline? Prints ratios; no time is ever asserted.

Belongs here: rounds, and the arithmetic of the ratio. Does not belong here: what is run (`handwritten.py`,
`pipeline.py`).

    ratio = (load - first gate + models of the spine) / hand-written

over the same files, from nothing to tables of equal contents, which is checked. The models of the spine are all that
the canonical events, `fct_messages`, `fct_micro_conversions` and `campaign_funnel` are made of. What dbt needs for each
of these whatever the data is (compiling, contracts, comments: its time on a home of a few events) is fixed overhead
and counted apart; the ratio with it is printed too. Who is a machine, the script is told: judging is on neither side,
and printed apart (`test_machine_traffic.py` holds it against the canonical events).

    MICRO_CONVERSIONS_BENCH_EVENTS   1,000,000 unless set
    MICRO_CONVERSIONS_BENCH_ROUNDS   3 unless set; the two sides take turns
"""

import json
import os
import shutil
from contextlib import closing
from datetime import UTC, datetime
from statistics import median

import duckdb
import pytest

from orchestration.dbt import Dbt
from tests.benchmarks import handwritten
from tests.benchmarks.agreement import differences
from tests.benchmarks.exports import cut, settings_of, write_exports
from tests.benchmarks.measuring import Measured, Seconds, measure
from tests.classification import upstream

EVENTS = int(os.environ.get("MICRO_CONVERSIONS_BENCH_EVENTS", 1_000_000))
ROUNDS = int(os.environ.get("MICRO_CONVERSIONS_BENCH_ROUNDS", 3))
FEW_EVENTS = 200
LAYOUTS = (1, 10, 2_000)

TARGETS = ("int_email_events", "fct_messages", "fct_micro_conversions", "campaign_funnel")
CANONICAL = ("int_email_event_readings", *(f"int_email_event_{kind}" for kind in ("repeats", "twins", "adoptions")))

pytestmark = [pytest.mark.bench, pytest.mark.timeout(0)]


@pytest.fixture(scope="module")
def landed(tmp_path_factory):
    """A home with the exports and the verdicts on them, and how many records they hold."""
    home = tmp_path_factory.mktemp("spine")
    settings, records = settings_of(home), write_exports(home / "landing", EVENTS)
    measure("pipeline", settings)
    with closing(duckdb.connect(str(settings.warehouse_path), read_only=True)) as connection:
        connection.execute(
            "copy (select event_key, actor, class from intermediate.int_event_actors) "
            f"to '{home / handwritten.VERDICTS}' (format parquet)"
        )
    return settings, records


@pytest.fixture(scope="module")
def overhead(tmp_path_factory) -> Measured:
    """The pipeline on next to nothing. After it, dbt's manifest and the lineage are at hand for the runs that count."""
    home = tmp_path_factory.mktemp("few")
    write_exports(home / "landing", FEW_EVENTS)
    return measure("pipeline", settings_of(home))


def test_loading_and_building_is_compared_with_a_hand_written_script(landed, overhead):
    settings, records = landed
    manifest = Dbt(settings).manifest
    judging = upstream(manifest, ("int_event_actors",)) - upstream(manifest, CANONICAL)
    models = upstream(manifest, TARGETS) - judging
    by_hand, by_pipeline = [], []
    for number in range(ROUNDS):
        # Whoever runs first in a round finds the machine as the other left it.
        sides = [lambda: by_hand.append(measure("handwritten", settings)), lambda: by_pipeline.append(_cold(settings))]
        for side in sides if number % 2 == 0 else reversed(sides):
            side()
    differing = differences(settings.warehouse_path, settings.home / handwritten.DATABASE)
    assert not differing, f"the two sides do not make the same tables: {json.dumps(differing, indent=2)}"

    print(f"\n\n{records:,} deliveries of about {EVENTS:,} SendGrid events, {ROUNDS} rounds, {_machine(settings)}")
    print("median (smallest to largest) in seconds\n")
    print(f"{'':44}{'wall':>24}{'CPU':>24}")
    _print("hand-written", by_hand, lambda run: run.seconds["whole"])
    for step in [name for name in by_hand[0].seconds if name != "whole"]:
        _print(f"    {step}", by_hand, lambda run, step=step: run.seconds[step])
    print()
    _print("load, without the first gate", by_pipeline, _load)
    _print("models of the spine, without fixed overhead", by_pipeline, lambda run: _net(run, overhead, models))
    for name in sorted(models, key=lambda name: -_net(by_pipeline[-1], overhead, [name]).cpu):
        if _net(by_pipeline[-1], overhead, [name]).cpu >= 0.05:
            _print(f"    {name}", by_pipeline, lambda run, name=name: _net(run, overhead, [name]))
    print("\napart")
    _print("    who is a machine, without fixed overhead", by_pipeline, lambda run: _net(run, overhead, judging))
    for what, seconds in _apart(models, overhead).items():
        _print(f"    {what}", by_pipeline, seconds)
    _print("    whole run", by_pipeline, lambda run: run.seconds["whole"])
    print("\nratio = (load - first gate + models of the spine) / hand-written, round by round")
    _print_ratio("    ratio", by_pipeline, by_hand, lambda run: _load(run) + _net(run, overhead, models))
    _print_ratio("    with dbt's fixed overhead", by_pipeline, by_hand, lambda run: _load(run) + _gross(run, models))


def test_peak_memory_is_held_against_the_limit_in_few_and_in_many_exports(landed, overhead):
    settings, records = landed
    database = settings.home / handwritten.DATABASE
    if not database.exists():
        measure("handwritten", settings)
    print(f"\n\npeak memory of the process, {records:,} records; the limit is {settings.memory_limit_mb:,} MB")
    print(f"{'exports':>12}{'after the load':>20}{'of the whole run':>20}")
    for files in LAYOUTS:
        home = settings.home / f"cut-{files}"
        cut(database, home / "landing", files)
        shutil.copytree(settings.landing, home / "landing", dirs_exist_ok=True, ignore=lambda *_: ["sendgrid"])
        run = measure("pipeline", settings_of(home))
        print(f"{files:>12,}{run.peak_mb['load']:>17,.0f} MB{run.peak_mb['whole']:>17,.0f} MB")
        shutil.rmtree(home)


def _cold(settings) -> Measured:
    """The pipeline on a home that holds nothing but its exports."""
    for path in settings.home.iterdir():
        if path.name not in ("landing", handwritten.DATABASE, handwritten.VERDICTS):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    return measure("pipeline", settings)


def _load(run: Measured) -> Seconds:
    return run.seconds["load"] - run.seconds["first gate"]


def _gross(run: Measured, models) -> Seconds:
    return sum((run.seconds[f"model {name}"] for name in models), Seconds())


def _net(run: Measured, overhead: Measured, models) -> Seconds:
    return _gross(run, models) - _gross(overhead, models)


def _apart(models, overhead: Measured) -> dict:
    """Label -> a run's seconds of what the ratio leaves out. Together with what it counts, this is the whole run."""

    def spans(beginning: str, run: Measured) -> list[str]:
        return [name for name in run.seconds if name.startswith(beginning)]

    def others(run: Measured) -> Seconds:
        return sum((run.seconds[name] for name in spans("model ", run)), Seconds()) - _gross(run, models)

    def imports(run: Measured) -> Seconds:
        return sum((run.seconds[name] for name in spans("import ", run)), Seconds())

    def dbt(run: Measured) -> Seconds:
        return run.seconds["dbt"] - _gross(run, models) - others(run)

    def dagster(run: Measured) -> Seconds:
        named = ("load", "gates", "publication", "lineage", "definitions", "dbt")
        return run.seconds["whole"] - imports(run) - sum((run.seconds[name] for name in named), Seconds())

    return {
        "first gate": lambda run: run.seconds["first gate"],
        "second and third gate, history, Data Docs": lambda run: run.seconds["gates"],
        "other models": others,
        "publication": lambda run: run.seconds["publication"],
        "imports": imports,
        "definitions": lambda run: run.seconds["definitions"],
        "dbt: fixed overhead of the spine's models": lambda run: _gross(overhead, models),
        "dbt: its start, and empty tables": dbt,
        "column lineage": lambda run: run.seconds["lineage"],
        "Dagster and the rest": dagster,
    }


def _print(label: str, runs: list[Measured], seconds) -> None:
    taken = [seconds(run) for run in runs]
    print(f"{label:44}{_spread([s.wall for s in taken]):>24}{_spread([s.cpu for s in taken]):>24}")


def _print_ratio(label: str, runs: list[Measured], by_hand: list[Measured], seconds) -> None:
    pairs = [(seconds(run), hand.seconds["whole"]) for run, hand in zip(runs, by_hand, strict=True)]
    wall, cpu = [a.wall / b.wall for a, b in pairs], [a.cpu / b.cpu for a, b in pairs]
    print(f"{label:44}{_spread(wall):>24}{_spread(cpu):>24}")


def _spread(values: list[float]) -> str:
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def _machine(settings) -> str:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return (
        f"{os.cpu_count()} cores, {pages / 2**30:.0f} GB, {settings.threads} threads, "
        f"load average {os.getloadavg()[0]:.1f}, {datetime.now(UTC):%Y-%m-%d}"
    )
