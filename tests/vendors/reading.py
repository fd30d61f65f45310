"""What the pipeline reads of every vendor's fixtures and traps.

Belongs here: landing them, loading and building once, and rows as text. Does not belong here: what they should be.

    python -m tests.vendors.reading <source>     prints the reading of a source's fixtures, to be looked at line by line
                                                 and then kept as tests/fixtures/<source>.tsv
"""

from __future__ import annotations

import csv
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import yaml

from orchestration import audits
from orchestration.checks.suites import load_suites
from orchestration.dbt import Dbt
from orchestration.exports.load import load_source
from orchestration.resources import Warehouse
from orchestration.settings import Settings
from orchestration.sources import SOURCES

FIXTURES = Path(__file__).parents[1] / "fixtures"
TRAPS = Path(__file__).parent / "traps"
NOW = datetime(2026, 10, 1)

# esp_formats, section 10: what of it a reader of one source can get wrong.
TRAP_NAMES = (
    "string_or_array",
    "number_as_string",
    "lenient_json",
    "colliding_keys",
    "dollar_keys",
    "duplicated_headers",
    "sectioned_report",
    "header_only",
    "control_message",
    "missing_recipient",
    "several_recipients",
    "lone_surrogate",
    "nul",
    "shadowing_argument",
)

# A source whose traps are not set yet is not held against them.
EMAIL_SOURCES = [
    name for name, source in SOURCES.items() if source.kind == "email_events" and (TRAPS / f"{name}.yml").exists()
]


@dataclass(frozen=True)
class Trap:
    """One file that a vendor might send, and what must become of it.

    `reads` holds the staged events in their order, each with the columns that matter here; `held` is a part of the
    reason why the file is held back.
    """

    source: str
    name: str
    number: int
    content: bytes
    file: str
    reads: Sequence[dict[str, Any]] | None
    held: str | None

    @property
    def landed(self) -> str:
        """Path below the landing zone."""
        return f"{self.source}/traps/{self.name}_{self.number}/{self.file}"

    def __str__(self) -> str:
        return f"{self.source}-{self.name}-{self.number}"


def declared_traps(source: str) -> dict[str, Any]:
    """Trap name to its cases, or to the reason why it cannot occur."""
    return yaml.safe_load((TRAPS / f"{source}.yml").read_text(encoding="utf-8"))


def traps() -> list[Trap]:
    """Every trap of every source."""
    found = []
    for path in sorted(TRAPS.glob("*.yml")):
        for name, cases in declared_traps(path.stem).items():
            for number, case in enumerate(cases if isinstance(cases, list) else [], start=1):
                content = case["content"].encode(case.get("encoding", "utf-8"))
                found.append(
                    Trap(
                        path.stem,
                        name,
                        number,
                        content,
                        case.get("file", "export"),
                        case.get("reads"),
                        case.get("held"),
                    )
                )
    return found


def fixtures(source: str) -> list[Path]:
    """The files of a source's fixtures, in order."""
    return sorted(path for path in (FIXTURES / source).rglob("*") if path.is_file())


@dataclass(frozen=True)
class Reading:
    """A built warehouse, and questions to it."""

    settings: Settings

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of a query on the warehouse."""
        with duckdb.connect(str(self.settings.warehouse_path), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            cursor = connection.execute(query, list(values))
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def staged(self, source: str, below: str) -> list[dict[str, Any]]:
        """The staged events of all files below a folder of the source's landing zone, in order, with `file`."""
        return self.rows(
            f"""
            select
                substr(exports.file_name, length($2) + 2) as file, staged.*, events.event_key is not null as stands
            from staging.stg_{source}__events as staged
            join pipeline.exports using (export_id)
            left join intermediate.int_email_events as events using (export_id, position, part)
            where starts_with(exports.file_name, $2 || '/') and exports.source = $1
            order by file, staged.position, staged.part
            """,
            source,
            below,
        )

    def export(self, source: str, file_name: str) -> dict[str, Any]:
        """The ledger's row of a file."""
        (row,) = self.rows("select * from pipeline.exports where source = ? and file_name = ?", source, file_name)
        return row


def as_text(value: Any) -> str:
    """A value of a row as a table of text holds it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return re.sub(r"[\t\r\n]+", " ", str(value))


def settings_of(home: Path) -> Settings:
    """The settings that a home of fixtures and traps is built with."""
    return Settings(home=home, pinned_now=NOW, given_salt="a salt for tests", settle_seconds=0.0)


def build(home: Path, sources: Iterable[str] = EMAIL_SOURCES) -> Reading:
    """Land, load and build the fixtures and traps of sources."""
    settings = settings_of(home)
    for source in sources:
        for path in fixtures(source):
            _land(settings.landing / source / "fixtures" / path.relative_to(FIXTURES / source), path.read_bytes())
    for trap in traps():
        if trap.source in sources:
            _land(settings.landing / trap.landed, trap.content)
    return build_landed(settings, sources)


def build_landed(settings: Settings, sources: Iterable[str] = EMAIL_SOURCES) -> Reading:
    """Load what has landed, and build it."""
    warehouse, suites = Warehouse.of(settings), load_suites()
    for source in sources:
        suite = suites[SOURCES[source].suite]
        load_source(
            SOURCES[source],
            warehouse.get_connection,
            settings,
            "run",
            lambda _, profile, suite=suite: audits.audit_profile(settings, suite, profile),
        )
    dbt = Dbt(settings)
    dbt.build(_with_what_it_reads(dbt.manifest, "int_email_events"))
    return Reading(settings)


def _with_what_it_reads(manifest: dict[str, Any], name: str) -> list[str]:
    """The names of a model and of all models and seeds that it is made of."""
    nodes, waiting, found = manifest["nodes"], [f"model.micro_conversions.{name}"], {}
    while waiting:
        node = nodes.get(waiting.pop())
        if node and node["unique_id"] not in found:
            found[node["unique_id"]] = node["name"]
            waiting += node.get("depends_on", {}).get("nodes", [])  # a seed stands on nothing
    return list(found.values())


def _land(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _print(source: str) -> None:
    home = Path(tempfile.mkdtemp())
    try:
        rows = build(home, [source]).staged(source, "fixtures")
    finally:
        shutil.rmtree(home)
    apart = {"export_id", "record", "esp", "composite_id"}  # the last holds characters that no table shows
    told = [name for name in rows[0] if name not in apart and any(row[name] is not None for row in rows)]
    writer = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None)
    writer.writerow(told)
    writer.writerows([as_text(row[name]) for name in told] for row in rows)


if __name__ == "__main__":
    _print(sys.argv[1])
