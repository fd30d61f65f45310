"""`python -m tests.benchmarks.handwritten RESULT`: run `handwritten.sql` on a home's exports, and say what it took.

Belongs here: what the script asks of its caller, and the clock around its steps. Does not belong here: SQL.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import zstandard

from orchestration.dbt import PROJECT
from orchestration.exports.identities import hmac_pads
from orchestration.settings import Settings
from tests.benchmarks.measuring import Measured

DATABASE = "handwritten.duckdb"
VERDICTS = "verdicts.parquet"  # who is a machine: the script is told, it does not judge
_SCRIPT = Path(__file__).with_suffix(".sql")
_PEOPLE_AND_AGENTS = "people and agents"  # after it, the user agents are read
_STEP = re.compile(r"^-- step: (.*)$", re.MULTILINE)


def main(result: Path) -> None:
    """Make `<home>/handwritten.duckdb` of `<home>/landing` within the settings' memory and threads."""
    settings = Settings.from_environment()
    limits = {
        "memory_limit": settings.memory_limit,
        "threads": settings.threads,
        "temp_directory": str(settings.home / "spill"),
        # Else DuckDB writes tables anew in the middle of some step or other, of some more than once.
        "checkpoint_threshold": "1TB",
    }
    database = settings.home / DATABASE
    database.unlink(missing_ok=True)
    measured = Measured()
    with measured.span("whole"), closing(duckdb.connect(str(database), config=limits)) as connection:
        _set_variables(connection, settings)
        with measured.span("export ids"):
            _name_exports(connection, settings.landing)
        for step, statements in _steps():
            with measured.span(step):
                connection.execute(statements)
                if step == _PEOPLE_AND_AGENTS:
                    _read_user_agents(connection)
        with measured.span("checkpoint"):
            connection.execute("checkpoint")
    measured.write(result)


def _steps() -> Iterator[tuple[str, str]]:
    _, *parts = _STEP.split(_SCRIPT.read_text())
    return zip(parts[::2], parts[1::2], strict=True)


def _set_variables(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    connection.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
    connection.execute(f"set variable landing = '{settings.landing}'; set variable seeds = '{PROJECT / 'seeds'}'")
    connection.execute(f"set variable verdicts = '{settings.home / VERDICTS}'")
    connection.execute(f"set variable now = timestamp '{settings.now()}'")
    for name, pad in hmac_pads(settings.salt).items():
        connection.execute(f"set variable {name} = unhex('{pad.hex()}')")


def _read_user_agents(connection: duckdb.DuckDBPyConnection) -> None:
    """What the distinct user agents say, by the pipeline's reading of them: SQL has none."""
    from orchestration.exports import user_agents

    agents = [agent for (agent,) in connection.execute("select user_agent from agents").fetchall()]
    rows = [(agent, *user_agents.read(agent)[:2]) for agent in agents]
    connection.execute(
        f"create table user_agents as from ({_values(rows)}) as named (user_agent, device_type, email_client)"
    )


def _name_exports(connection: duckdb.DuckDBPyConnection, landing: Path) -> None:
    """An export is known by its content: the same identities as the pipeline's, so that the tables can be compared."""
    rows = [(str(path), _export_id(path)) for path in landing.glob("sendgrid/**/*") if path.is_file()]
    connection.execute(f"create table exports as from ({_values(rows)}) as named (path, export_id)")


def _values(rows: list[tuple[str, ...]]) -> str:
    """Rows written out: to bind a list, or to call Python from SQL, DuckDB imports pandas, which takes a second."""
    return "values " + ", ".join(
        "(" + ", ".join("'" + cell.replace("'", "''") + "'" for cell in row) + ")" for row in rows
    )


def _export_id(path: Path) -> str:
    opened = {".gz": gzip.open, ".zst": zstandard.open}.get(path.suffix, open)
    digest = hashlib.sha256()
    with opened(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return hashlib.sha256(f"sendgrid\0{digest.hexdigest()}".encode()).hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
