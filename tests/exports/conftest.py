"""A home of its own for each test, and a load without Dagster and without Great Expectations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.exports import ledger
from orchestration.exports.load import LoadReport, load_source
from orchestration.settings import Settings
from orchestration.sources import SOURCES, Source

NOW = datetime(2026, 10, 1)
FIXTURES = Path(__file__).parents[1] / "fixtures"


@dataclass
class Bench:
    """A home, and what a test does with it."""

    settings: Settings
    sources: dict[str, Source] = field(default_factory=lambda: dict(SOURCES))

    @property
    def home(self) -> Path:
        return self.settings.home

    def land(self, name: str, content: bytes | str) -> Path:
        """Put a file into the landing zone, at `<source>/<name>`."""
        path = self.settings.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        self.home.mkdir(parents=True, exist_ok=True)
        with closing(duckdb.connect(str(self.settings.warehouse_path))) as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute("set preserve_insertion_order = false")
            yield connection

    def load(self, source: str = "sendgrid", audit=lambda source, profile: [], run_id: str = "run") -> LoadReport:
        return load_source(self.sources[source], self.connect, self.settings, run_id, audit, sources=self.sources)

    def query(self, sql: str, *values) -> list[tuple]:
        with self.connect() as connection:
            ledger.create_schema(connection, self.sources)
            return connection.execute(sql, list(values)).fetchall()

    def raw(self, source: str = "sendgrid") -> list[str]:
        """The records of raw, in order of export and position."""
        return [r for (r,) in self.query(f"select record from raw.{source} order by export_id, position")]

    def ledger(self) -> list[tuple]:
        """The whole ledger, in order."""
        return self.query("select * from pipeline.exports order by export_id")

    def status_of(self, file_name: str) -> tuple[str, str | None]:
        """(status, reason) of the one export of a file."""
        (row,) = self.query("select status, reason from pipeline.exports where file_name = ?", file_name)
        return row

    def kept(self, file_name: str) -> Path:
        """The quarantine's folder of the one export of a file."""
        ((source, export_id),) = self.query(
            "select source, export_id from pipeline.exports where file_name = ?", file_name
        )
        return self.settings.quarantine / source / export_id

    def with_settings(self, **changes) -> Bench:
        return Bench(replace(self.settings, **changes), self.sources)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path / "home")


def make_bench(home: Path) -> Bench:
    return Bench(Settings(home=home, pinned_now=NOW, given_salt="a salt for tests", settle_seconds=0.0))
