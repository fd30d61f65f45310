"""Rows on their way from Python to DuckDB.

Belongs here: a file of JSON lines, since inserting rows one by one costs a thousand times more. Does not belong here:
what is in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

from orchestration.exports import sql

_LEAST_OBJECT_SIZE = 1 << 20


class JsonLines:
    """A file that rows are written to; then `relation` reads it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("w", encoding="utf-8")
        self._longest = _LEAST_OBJECT_SIZE
        self.rows = 0

    def write(self, row: Mapping[str, Any]) -> None:
        """Add a row."""
        line = "{" + ",".join([f'"{name}":{_encoded(value)}' for name, value in row.items()]) + "}"
        self._file.write(line)
        self._file.write("\n")
        self._longest = max(self._longest, len(line))
        self.rows += 1

    def relation(self, columns: Mapping[str, str]) -> str:
        """A DuckDB table expression of the rows, with column names and types as given."""
        self._file.flush()
        typed = ", ".join(f"{name}: '{kind}'" for name, kind in columns.items())
        # A character takes up to four bytes; DuckDB sizes its buffers by this, so it is no larger than need be.
        size = 4 * self._longest + 1
        return (
            f"read_json({sql.file_to_read(self._path)}, format = 'newline_delimited', columns = {{{typed}}}, "
            f"maximum_object_size = {size})"
        )

    def close(self) -> None:
        """Close and remove the file."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def _encoded(value: Any) -> str:
    # An encoder takes ten times as long, also for what is not even text.
    if type(value) is str:
        return encode_basestring(value)
    if value is None:
        return "null"
    return str(value) if type(value) is int else json.dumps(value)
