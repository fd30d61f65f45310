"""How fast is each vendor's export loaded? Prints a table; no time is ever asserted.

Belongs here: the measurement and the table. Does not belong here: what the exports are (`vendor_exports.py`).

An export of about `MICRO_CONVERSIONS_BENCH_EXPORT_MB` (20 unless set) goes from the landing zone to raw, by the same
steps as in a run but for the first gate, whose price does not depend on the size. Bytes are those of the file, of
Parquet (which packs what repeats) those of its records; seconds are those of computing: megabytes a second and core. A
small export of the same source goes before it, so that what a warehouse costs once is not counted. The bar: half of
what SendGrid's JSON lines make in the same run; of Avro and form posts, which DuckDB does not read, 15 MB a second.
`MICRO_CONVERSIONS_BENCH_SOURCES` names the sources to be measured beside SendGrid, with commas between; else all are.
"""

from __future__ import annotations

import os
import shutil

import pytest

from orchestration.exports.load import load_source
from orchestration.resources import Warehouse
from orchestration.sources import SOURCES
from tests.benchmarks.exports import settings_of
from tests.benchmarks.measuring import Seconds
from tests.benchmarks.vendor_exports import EXPORTS, write

MEGABYTES = float(os.environ.get("MICRO_CONVERSIONS_BENCH_EXPORT_MB", 20))
ONLY = os.environ.get("MICRO_CONVERSIONS_BENCH_SOURCES", "")
PYTHONS_SHARE = ("Avro", "form posts")
PYTHONS_BAR = 15.0

pytestmark = [pytest.mark.bench, pytest.mark.timeout(0)]


def test_exports_of_every_vendor_are_loaded(tmp_path):
    yardstick = None
    print(f"\n\n{'':16}{'':18}{'MB':>8}{'records':>12}{'CPU s':>9}{'MB/s/core':>12}{'of SendGrid':>13}  bar")
    for source, layout, pattern in EXPORTS:
        if ONLY and source != "sendgrid" and source not in ONLY.split(","):
            continue
        home = tmp_path / source / layout.replace(" ", "-")
        size, records, spent = _load(home, source, layout, pattern)
        shutil.rmtree(home)
        speed = size / spent.cpu / 1e6
        yardstick = yardstick or speed
        bar = PYTHONS_BAR if layout in PYTHONS_SHARE else yardstick / 2
        print(f"{source:16}{layout:18}{size / 1e6:8.1f}{records:12,}{spent.cpu:9.2f}{speed:12.1f}", end="")
        print(f"{speed / yardstick:13.2f}  {'met' if speed >= bar else 'missed'}")


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
