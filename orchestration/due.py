"""Whether the published marts lag behind the ledger: one small file beside the warehouse, so that a sensor can look.

Belongs here: the mark and its life. It is set before the ledger changes and cleared after a publication that started
after it was set; a run that dies in between leaves it, and the next one makes good.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def _path(home: Path) -> Path:
    return home / "publication_due"


def mark(home: Path) -> None:
    """Say that what is published no longer tells all the ledger knows."""
    home.mkdir(parents=True, exist_ok=True)
    draft = _path(home).with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(secrets.token_hex(8))
    os.replace(draft, _path(home))


def token(home: Path) -> str | None:
    """The present mark, None where nothing is due."""
    try:
        return _path(home).read_text()
    except FileNotFoundError:
        return None


def clear(home: Path, seen: str | None) -> None:
    """Take back the mark that a run saw when it began to build; a newer one stays."""
    if seen is not None and token(home) == seen:
        _path(home).unlink(missing_ok=True)
