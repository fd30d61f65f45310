"""The exports that the benchmarks read: samples of SendGrid alone, and the same records cut into more or fewer files.

Belongs here: writing them. Does not belong here: reading them.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.samples import write_samples
from orchestration.settings import Settings

SOURCES = ("sendgrid", "campaigns", "links", "assignments")
# After all that the samples hold.
NOW = datetime(2027, 1, 1)


def settings_of(home: Path) -> Settings:
    """A home's settings for a benchmark: the defaults, but nothing that differs from run to run."""
    return Settings(home=home, pinned_now=NOW, given_salt="a salt for benchmarks", settle_seconds=0.0)


def write_exports(landing: Path, events: int) -> int:
    """Write about so many events, some delivered twice, in all the wrappings of the samples. Returns the deliveries."""
    return write_samples(landing, events=events, seed=7, sources=SOURCES).email_deliveries


def cut(records_of: Path, landing: Path, files: int) -> None:
    """Write the verbatim records of a hand-written database as so many files of one record per line."""
    folder = landing / "sendgrid"
    folder.mkdir(parents=True)
    with duckdb.connect(str(records_of), read_only=True) as connection:
        total = connection.execute("select count(*) from raw_sendgrid").fetchone()[0]
        rows = connection.execute("select record from raw_sendgrid")
        for number in range(files):
            wanted = total * (number + 1) // files - total * number // files
            with (folder / f"part-{number:06d}.ndjson").open("w", encoding="utf-8") as file:
                while wanted and (batch := rows.fetchmany(min(wanted, 10_000))):
                    file.writelines(f"{record}\n" for (record,) in batch)
                    wanted -= len(batch)
