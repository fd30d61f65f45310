"""A small consistent warehouse that every suite passes on, and the values that suites ask for."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

SMALL_WAREHOUSE = Path(__file__).with_name("small_warehouse.sql").read_text()
PARAMETERS = {"now": datetime(2026, 2, 1), "unreadable_share_limit": 0.05}


@pytest.fixture(scope="session")
def small_warehouse(tmp_path_factory) -> Path:
    """A DuckDB file; tests read it only."""
    path = tmp_path_factory.mktemp("checks") / "warehouse.duckdb"
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute(SMALL_WAREHOUSE)
    return path


@pytest.fixture(scope="session")
def in_memory():
    """The same in memory, for tests that spoil it within a transaction and roll back."""
    with closing(duckdb.connect()) as connection:
        connection.execute(SMALL_WAREHOUSE)
        yield connection
