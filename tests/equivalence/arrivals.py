"""The same records, arriving in another way: split, shuffled, doubled, late, in several runs.

Belongs here: how records become exports, and the marts that come of them. Does not belong here: which arrivals are
tried, and what is asked of the marts.

Two promises bind whoever exports (marts.yml, conventions): identical rows without an event id stay together in one
export, and a repeated one is repeated with all its like. Everything else may happen.
"""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from orchestration.settings import Settings
from tests.classification import build, load

# Tables that record runs; every other is a function of the events, the declarations and "now" (marts.yml, function).
OF_RUNS = frozenset({"exports", "publication", "data_quality", "follow_ups", "trigger_latency"})
NOW = datetime(2026, 11, 18)
Records = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Arrival:
    """How the records of one source come in.

    `runs` holds, for each of its exports, the number of the run before which it lands. The seed says which record goes
    into which export and in which order; a record in `doubled_percent` of a hundred goes into the next export as well.
    `landed_again` lands the first export once more, under another name, before the last run.
    """

    runs: tuple[int, ...]
    seed: int
    doubled_percent: int = 0
    landed_again: bool = False

    def exports(self, records: Sequence[str]) -> list[tuple[int, list[str]]]:
        """(run, records) of every export, in the order of their names."""
        contents: dict[int, list[str]] = defaultdict(list)
        for record in records:
            digest = int.from_bytes(hashlib.sha256(f"{self.seed}\0{record}".encode()).digest()[:8])
            place = digest % len(self.runs)
            contents[place].append(record)
            if len(self.runs) > 1 and digest // 1_000 % 100 < self.doubled_percent:
                contents[(place + 1) % len(self.runs)].append(record)
        for number, content in contents.items():
            random.Random(f"{self.seed}/{number}").shuffle(content)
        found = [(run, contents[number]) for number, run in enumerate(self.runs) if contents[number]]
        if self.landed_again and found:
            found.append((max(self.runs), found[0][1]))
        return found


def settings_of(home: Path) -> Settings:
    """A home at the moment that all arrivals are looked at."""
    return Settings(home=home, pinned_now=NOW, given_salt="a salt for tests", settle_seconds=0.0)


def arrive(settings: Settings, records: Records, arrivals: Mapping[str, Arrival], days_between_runs: int = 0) -> None:
    """Land the records, source by source, and run whenever something has landed; the last run is at `NOW`.

    The runs before it see a "now" that is so many days earlier each, and may know less than the last one.
    """
    due: dict[int, list[tuple[str, int, list[str]]]] = defaultdict(list)
    for source, arrival in arrivals.items():
        for number, (run, content) in enumerate(arrival.exports(records[source])):
            due[run].append((source, number, content))
    for run in sorted(due):
        for source, number, content in due[run]:
            path = settings.landing / source / f"{run}-{number}.ndjson"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(record + "\n" for record in content))
        before = timedelta(days=days_between_runs * (max(due) - run))
        build_marts(replace(settings, pinned_now=NOW - before))


def build_marts(settings: Settings) -> None:
    """Load what has landed and build every mart, without gates and publication."""
    load(settings)
    build(settings, _marts(settings))


def records_of(settings: Settings) -> Records:
    """The verbatim records of a home's raw tables by source."""
    with closing(duckdb.connect(str(settings.warehouse_path), read_only=True)) as connection:
        sources = connection.execute("select table_name from duckdb_tables() where schema_name = 'raw'").fetchall()
        found = {
            source: [r for (r,) in connection.execute(f'select record from raw."{source}" order by all').fetchall()]
            for (source,) in sources
        }
    return {source: records for source, records in found.items() if records}


def differences(one: Path, other: Path) -> dict[str, list[tuple]]:
    """By mart, some rows that only one of two databases has; a mart that is the same in both is left out."""
    with TemporaryDirectory() as folder, closing(duckdb.connect()) as connection:
        marts = [_unloaded(database, Path(folder, side)) for side, database in (("one", one), ("other", other))]
        found = {}
        for name in sorted(marts[0] | marts[1]):
            one_has, other_has = (f"from read_parquet('{folder}/{side}/{name}.parquet')" for side in ("one", "other"))
            rows = [
                (side, *row)
                for side, (a, b) in (("one", (one_has, other_has)), ("other", (other_has, one_has)))
                for row in connection.execute(f"({a}) except all ({b}) order by all limit 3").fetchall()
            ]
            if rows:
                found[name] = rows
        return found


def _unloaded(database: Path, folder: Path) -> set[str]:
    """The names of a database's marts, tables and views; each is written to the folder."""
    folder.mkdir()
    with closing(duckdb.connect(str(database), read_only=True)) as connection:
        names = connection.execute(
            "select table_name from information_schema.tables "
            "where table_schema = 'marts' and table_catalog = current_database()"
        )
        marts = {name for (name,) in names.fetchall()} - OF_RUNS
        for name in marts:  # named in full: the published database is called as its schema is
            connection.execute(f"copy (from {database.stem}.marts.{name}) to '{folder / name}.parquet'")
        return marts


def _marts(settings: Settings) -> Iterable[str]:
    from orchestration.dbt import Dbt

    nodes = Dbt(settings).manifest["nodes"].values()
    return [n["name"] for n in nodes if n["resource_type"] == "model" and n["schema"] == "marts"]
