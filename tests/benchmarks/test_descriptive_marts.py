"""What the descriptive marts add to the spine, and how both grow. Prints; asserts no time.

Belongs here: which models are whose, and the arithmetic. Does not belong here: what is run (`pipeline.py`).

    share = models of funnels, content, people and deliverability that the spine does not have
            / (load + models of the spine)

of one cold run each, from exports to published marts, at every size.

    MICRO_CONVERSIONS_BENCH_SIZES   numbers of events, "1000000,3000000,10000000" unless set
"""

import os
import shutil

import pytest

from orchestration.dbt import Dbt
from tests.benchmarks.exports import settings_of, write_exports
from tests.benchmarks.measuring import Measured, Seconds, measure
from tests.benchmarks.test_spine_speed import TARGETS, _machine
from tests.classification import upstream

SIZES = [int(n) for n in os.environ.get("MICRO_CONVERSIONS_BENCH_SIZES", "1000000,3000000,10000000").split(",")]
MARTS = (
    "campaign_funnel", "cohort_retention", "content_elements", "content_features", "deliverability_daily",
    "dim_subscribers", "frequency_fatigue", "funnel_daily", "segment_membership", "segment_performance", "send_time",
    "subscriber_engagement_daily", "subscriber_interests", "unsubscribe_risk", "warmup_plan",
)  # fmt: skip

pytestmark = [pytest.mark.bench, pytest.mark.timeout(0)]


def test_the_descriptive_marts_are_held_against_the_spine(tmp_path):
    runs: dict[int, Measured] = {}
    for events in SIZES:
        settings = settings_of(tmp_path / str(events))
        write_exports(settings.landing, events)
        runs[events] = measure("pipeline", settings)
        manifest = Dbt(settings).manifest
        print(f"\n{events:,} events, {_machine(settings)}", flush=True)
        shutil.rmtree(settings.home)
    spine = upstream(manifest, TARGETS)
    descriptive = upstream(manifest, MARTS) - spine
    print(f"\nseconds (wall / CPU){'':32}" + "".join(f"{n:>24,}" for n in SIZES))
    _line("load, first gate included", runs, lambda run: run.seconds["load"])
    _line("models of the spine", runs, lambda run: _models(run, spine))
    _line("descriptive marts", runs, lambda run: _models(run, descriptive))
    largest = runs[SIZES[-1]]
    for name in sorted(descriptive, key=lambda name: -_models(largest, [name]).cpu)[:15]:
        _line(f"    {name}", runs, lambda run, name=name: _models(run, [name]))
    _line("whole run", runs, lambda run: run.seconds["whole"])
    shares = [_share(_models(run, descriptive), run.seconds["load"] + _models(run, spine)) for run in runs.values()]
    print(f"{'share':52}" + "".join(f"{share:>24}" for share in shares))
    print(f"{'peak memory':52}" + "".join(f"{run.peak_mb['whole']:>21,.0f} MB" for run in runs.values()))


def _models(run: Measured, names) -> Seconds:
    return sum((run.seconds[f"model {name}"] for name in names), Seconds())


def _line(label: str, runs: dict[int, Measured], seconds) -> None:
    taken = [seconds(run) for run in runs.values()]
    print(f"{label:52}" + "".join(f"{f'{s.wall:.1f} / {s.cpu:.1f}':>24}" for s in taken))


def _share(added: Seconds, base: Seconds) -> str:
    return f"{added.wall / base.wall:.2f} / {added.cpu / base.cpu:.2f}"
