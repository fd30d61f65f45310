"""How often is a micro-conversion's role told rightly, and what do all statistics cost? Prints tables.

Belongs here: worlds that no threshold was chosen on, and tables as large as a busy sender's. Does not belong here: the
worlds themselves (`tests/worlds.py`).

    MICRO_CONVERSIONS_BENCH_WORLDS       5001:100 unless set: the first seed, and how many worlds of each role
"""

import os

import pytest

from tests.benchmarks.exports import settings_of
from tests.benchmarks.measuring import Seconds, measure
from tests.worlds import Shape, confusion

FIRST, NUMBER = (int(part) for part in os.environ.get("MICRO_CONVERSIONS_BENCH_WORLDS", "5001:100").split(":"))

pytestmark = [pytest.mark.bench, pytest.mark.timeout(0)]


def test_roles_are_told_in_worlds_of_all_shapes():
    seeds = range(FIRST, FIRST + NUMBER)
    randomised, observed = confusion(seeds, Shape.drawn)
    print(f"\n\nworlds {FIRST} to {seeds[-1]} of each role (rows), by verdict; sizes and strengths differ\n")
    print(f"with an experiment:\n{randomised}\n\nwithout one:\n{observed}")
    assert observed["driver"].sum() == 0
    # Chance may call one in a thousand that do nothing a driver (values.DRIVER_ALPHA).
    assert randomised.drop("driver")["driver"].sum() <= max(1, 3 * NUMBER // 1_000)
    assert randomised.loc["driver", "driver"] >= 0.7 * NUMBER


def test_all_statistics_of_a_busy_sender_take_seconds(tmp_path):
    found = measure("inferences", settings_of(tmp_path))
    print(f"\n\n500 campaigns, 50 experiments, two years of days: {found.facts['rows read']:,} rows\n")
    print(f"{'':36}{'rows':>8}{'wall':>8}{'CPU':>8}")
    for name, spent in found.seconds.items():
        print(f"{name:36}{found.facts.get(name, ''):>8}{spent.wall:>8.2f}{spent.cpu:>8.2f}")
    total = sum(found.seconds.values(), Seconds())
    print(f"{'all':36}{'':>8}{total.wall:>8.2f}{total.cpu:>8.2f}")
    print(f"{'bar':36}{'':>8}{20:>8.2f}")
