"""Compaction: what was deleted goes from the file as well.

Belongs here: writing the warehouse anew, now and once more after the next publication: until then tables that are still
to be rebuilt hold what the models made of the erased records.
"""

from __future__ import annotations

import os
from pathlib import Path

from orchestration.confinement import files_of, opened
from orchestration.disk import sync
from orchestration.settings import Settings


def compact(settings: Settings) -> None:
    """Write the warehouse anew, since what is deleted in place stays readable until something overwrites it.

    The caller holds the warehouse, closed.
    """
    database = settings.warehouse_path
    draft = database.with_name(f".{database.name}.{os.getpid()}.tmp")
    draft.unlink(missing_ok=True)
    with opened(files=[*files_of(database), *files_of(draft)]) as connection:
        # By its own name: views say which database they read.
        connection.execute(f'attach {_text(database)} as "{database.stem}"')
        connection.execute(f"attach {_text(draft)} as draft (storage_version 'v1.2.0')")
        connection.execute(f'copy from database "{database.stem}" to draft')
        connection.execute("detach draft")
    os.chmod(draft, 0o600)
    sync(draft)
    os.replace(draft, database)
    sync(database.parent)


def ask_again(settings: Settings) -> None:
    """Have the next publication compact the warehouse, too."""
    _mark(settings).touch(mode=0o600)


def compact_if_asked(settings: Settings) -> bool:
    """Compact where somebody asked for it. The caller holds the warehouse, closed."""
    if not _mark(settings).exists():
        return False
    compact(settings)
    _mark(settings).unlink()
    return True


def _mark(settings: Settings) -> Path:
    return settings.home / "compaction_due"


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
