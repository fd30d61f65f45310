"""How fast is each vendor's export loaded? Prints a table; no time is ever asserted.

Belongs here: the measurement and the table. Does not belong here: what the exports are (`vendor_exports.py`).

An export of about `MICRO_CONVERSIONS_BENCH_EXPORT_MB` (20 unless set) goes from the landing zone to raw, by the same
steps as in a run but for the first gate, whose price does not depend on the size. Bytes are those of the file, of
Parquet (which packs what repeats) those of its records; seconds are those of computing: megabytes a second and core. A
small export of the same source goes before it, so that what a warehouse costs once is not counted. The bar: half of
what SendGrid's JSON lines make in the same round; of Avro and form posts, which DuckDB does not read, 15 MB a second.
Medians of `MICRO_CONVERSIONS_BENCH_ROUNDS` rounds (3 unless set), in each of which every export is loaded once.
`MICRO_CONVERSIONS_BENCH_SOURCES` names the sources to be measured beside SendGrid, with commas between; else all are.
"""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from statistics import median

import pytest

from orchestration.exports.load import load_source
from orchestration.resources import Warehouse
from orchestration.sources import SOURCES
from tests.benchmarks.exports import settings_of
from tests.benchmarks.measuring import Seconds
from tests.benchmarks.vendor_exports import EXPORTS, write

MEGABYTES = float(os.environ.get("MICRO_CONVERSIONS_BENCH_EXPORT_MB", 20))
ROUNDS = int(os.environ.get("MICRO_CONVERSIONS_BENCH_ROUNDS", 3))
ONLY = os.environ.get("MICRO_CONVERSIONS_BENCH_SOURCES", "")
PYTHONS_SHARE = ("Avro", "form posts")
PYTHONS_BAR = 15.0
YARDSTICK, YARDSTICKS_SHARE = ("sendgrid", "JSON lines"), 0.5

pytestmark = [pytest.mark.bench, pytest.mark.timeout(0)]


def test_exports_of_every_vendor_are_loaded(tmp_path):
    exports = [export for export in EXPORTS if not ONLY or export[0] in ("sendgrid", *ONLY.split(","))]
    speeds, ratios, records = defaultdict(list), defaultdict(list), {}
    for _ in range(ROUNDS):
        for source, layout, pattern in exports:
            home = tmp_path / source / layout.replace(" ", "-")
            size, records[source, layout], spent = _load(home, source, layout, pattern)
            shutil.rmtree(home)
            speeds[source, layout].append(size / spent.cpu / 1e6)
            ratios[source, layout].append(speeds[source, layout][-1] / speeds[YARDSTICK][-1])
    print(f"\n\n{'':16}{'':18}{'records':>10}{'MB/s/core':>12}{'':18}{'of SendGrid':>13}{'':16}of the bar")
    for key, found in speeds.items():
        speed, ratio = median(found), median(ratios[key])
        times_the_bar = speed / PYTHONS_BAR if key[1] in PYTHONS_SHARE else ratio / YARDSTICKS_SHARE
        print(f"{key[0]:16}{key[1]:18}{records[key]:10,}{speed:12.1f} ({min(found):5.1f} to {max(found):5.1f})", end="")
        print(f"{ratio:13.2f} ({min(ratios[key]):.2f} to {max(ratios[key]):.2f}){times_the_bar:8.2f}", end="")
        print("" if times_the_bar >= 1 else "  missed")


def _load(home, source: str, layout: str, pattern: str) -> tuple[int, int, Seconds]:
    settings = settings_of(home)
    connect = Warehouse.of(settings).get_connection
    few = write(source, layout, pattern, settings.landing / source / "few", 10_000)
    load_source(SOURCES[source], connect, settings, "run", lambda *_: ())
    few.unlink()
    path = write(source, layout, pattern, settings.landing / source / "many", int(MEGABYTES * 1e6))
    begun = Seconds.now()
    report = load_source(SOURCES[source], connect, settings, "run", lambda *_: ())
    spent = Seconds.now() - begun
    assert (report.published, report.held, report.records_rejected) == (1, [], 0)
    size = path.stat().st_size
    if layout == "Parquet":
        with connect() as warehouse:
            (size,) = warehouse.execute(f"select sum(strlen(record)) from raw.{source}").fetchone()
    return size, report.records_loaded, spent
