"""Two worlds that many tests read: one written as exports, one drawn larger and left in its tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from orchestration.samples import Summary, world, write_samples
from orchestration.samples.generate import Request, draw_world
from tests.samples.reading import Record, records

EVENTS = 30_000
SEED = 7


@dataclass(frozen=True)
class Written:
    landing: Path
    truth: Path
    summary: Summary
    sendgrid: list[Record]
    postmark: list[Record]
    segment: list[Record]


@pytest.fixture(scope="session")
def written(tmp_path_factory) -> Written:
    """Exports with their truth, read back."""
    home = tmp_path_factory.mktemp("samples")
    landing, truth = home / "landing", home / "truth.parquet"
    summary = write_samples(landing, events=EVENTS, seed=SEED, truth=truth)
    return Written(landing, truth, summary, *(list(records(landing, s)) for s in ("sendgrid", "postmark", "segment")))


@pytest.fixture(scope="session")
def drawn():
    """The tables of a world of 12,000 subscribers: enough to see a rate to within a fraction of a point."""
    with duckdb.connect() as connection:
        request = Request(1, SEED, world.START, world.DAYS, ("sendgrid", "postmark", "segment"))
        draw_world(connection, request, 12_000)
        yield connection
