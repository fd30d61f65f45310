"""The log that machines read: `<home>/logs/pipeline.jsonl`, a JSON object a line, by its owner alone.

Belongs here: its form and its file. Does not belong here: what people read (`progress.py`, Dagster's run log).

Each line has time (UTC), level, event, and what it is about: run_id, step, source, export_id. No line holds what came
from outside: no file name, no record, no message of an error that may quote one.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import MappingProxyType

_log = logging.getLogger("micro_conversions.log")
_log.propagate = False
_log.addHandler(logging.NullHandler())  # until there is a file to write to, lines go nowhere
_log.setLevel(logging.INFO)
_about: ContextVar[Mapping[str, str]] = ContextVar("about", default=MappingProxyType({}))
_MAX_BYTES, _KEPT = 20_000_000, 5


def write_to(folder: Path) -> None:
    """Have this process write to `pipeline.jsonl` of a folder; at 20 MB it begins a new file, and five are kept."""
    path = folder / "pipeline.jsonl"
    if any(getattr(handler, "baseFilename", None) == str(path.absolute()) for handler in _log.handlers):
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for handler in _log.handlers:
        handler.close()
    handler = _OwnersAlone(path, maxBytes=_MAX_BYTES, backupCount=_KEPT, encoding="utf-8", delay=True)
    handler.setFormatter(_Lines())
    _log.handlers = [handler]


@contextmanager
def about(**fields: str) -> Iterator[None]:
    """Have every line inside say what it is about."""
    token = _about.set({**_about.get(), **fields})
    try:
        yield
    finally:
        _about.reset(token)


def info(event: str, **fields) -> None:
    """Write a line of an event that is as it should be."""
    _log.info(event, extra={"fields": {**_about.get(), **fields}})


def warning(event: str, **fields) -> None:
    """Write a line of an event that somebody should know of."""
    _log.warning(event, extra={"fields": {**_about.get(), **fields}})


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": time, "level": record.levelname.lower(), "event": record.getMessage(), **record.fields}
        return json.dumps(line, ensure_ascii=False, default=str)


class _OwnersAlone(RotatingFileHandler):
    def _open(self):
        os.close(os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        return super()._open()
