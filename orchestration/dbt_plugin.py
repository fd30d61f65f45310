"""dbt's own connection to the warehouse, shut in like every other: dbt-duckdb calls this when it has opened it.

Belongs here: what dbt's connection may touch, which the profile names. Does not belong here: how dbt is called
(`dbt.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from orchestration.confinement import confine, lock


class Plugin(BasePlugin):
    """Shuts dbt's connection in: it reads the declarations (`seeds`, a folder) and no other file."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Called with the plugin's part of the profile."""
        self._seeds = Path(plugin_config["seeds"])

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Called once, before the first model; what dbt opens later are cursors of this connection."""
        conn.execute("set global TimeZone = 'UTC'")
        lock(confine(conn, [self._seeds]))
