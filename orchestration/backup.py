"""Backup and restore of a home, also while it is in use.

Belongs here: what belongs to a home and must be kept, in what order it is copied, and the proof that a copy is whole.
Does not belong here: the landing zone, which is somebody else's and is kept by whoever fills it.

A backup takes the warehouse's turn: it waits for the run under way, and the next run waits for it. Databases are copied
as databases; of everything else a copy is made. `manifest.json` is written last and holds the SHA-256 of every file: a
backup without one is none.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from filelock import FileLock

from orchestration.confinement import files_of, opened
from orchestration.disk import share
from orchestration.settings import Settings

MANIFEST = "manifest.json"
# Marks of what is due, the key of the subscriber hash, the inventory of the samples.
_FILES = ("salt", "publication_due", "compaction_due", "follow_ups_due", "marts.duckdb", "samples.json")
_FOLDERS = ("quarantine", "outbox", "logs")


class BackupError(RuntimeError):
    """A backup or a restoration that cannot be made; the message says why and what to do."""


def back_up(settings: Settings, target: Path) -> int:
    """Copy a home to a new folder, readable by its owner alone. Returns its bytes. Raises BackupError."""
    if target.exists():
        raise BackupError(f"{target} exists already; name a folder that does not.")
    if target.resolve().is_relative_to(settings.landing.resolve()):
        raise BackupError(f"{target} lies in the landing zone; its files would be taken for exports.")
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    try:
        with FileLock(settings.warehouse_path.with_suffix(".lock"), is_singleton=True):
            if settings.warehouse_path.exists():
                with opened(settings.warehouse_path) as connection:
                    connection.execute("checkpoint")  # the file is then complete without its journal
                _copy(settings.warehouse_path, draft / "warehouse.duckdb")
            for name in _FILES:
                if (settings.home / name).is_file():
                    _copy(settings.home / name, draft / name)
            for name in _FOLDERS:
                if (settings.home / name).is_dir():
                    shutil.copytree(settings.home / name, draft / name, ignore=shutil.ignore_patterns(".*"))
            _copy_dagster(settings.dagster_home, draft / "dagster")
        files = {str(path.relative_to(draft)): _sha256(path) for path in _files(draft)}
        (draft / MANIFEST).write_text(json.dumps(files, indent=1, ensure_ascii=False))
        os.rename(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return sum(path.stat().st_size for path in _files(target))


def restore(settings: Settings, source: Path) -> int:
    """Put a backup into a home that has no warehouse. Returns the number of files. Raises BackupError."""
    try:
        manifest = json.loads((source / MANIFEST).read_text())
    except FileNotFoundError:
        raise BackupError(f"{source} is no backup: it has no {MANIFEST}.") from None
    for name, digest in manifest.items():
        path = source / name
        if not path.resolve().is_relative_to(source.resolve()) or not path.is_file() or _sha256(path) != digest:
            raise BackupError(f"{source} is damaged: {name} is not what it was when the backup was made.")
    # A journal that is left behind would be played into the restored database.
    if there := [path.name for path in files_of(settings.warehouse_path) if path.exists()]:
        raise BackupError(
            f"{settings.home} has a warehouse already. Stop what uses the home, move {' and '.join(there)} away, then "
            "restore again."
        )
    with FileLock(_made(settings.home) / "warehouse.lock", is_singleton=True):
        # The warehouse comes last: a restoration that dies can be made again.
        for name in sorted(manifest, key=lambda name: name == "warehouse.duckdb"):
            target = settings.home / name
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
            _copy(source / name, draft)
            if target == settings.marts_path:
                share(draft)  # as a publication leaves it
            os.replace(draft, target)
        (settings.home / "landing_index.sqlite").unlink(missing_ok=True)  # of another ledger; it is made anew
    return len(manifest)


def _copy_dagster(home: Path, target: Path) -> None:
    """Dagster's databases are SQLite, which copies itself whole while others write; its other files are logs."""
    for path in sorted(home.rglob("*.db")) if home.is_dir() else ():
        copy = target / path.relative_to(home)
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as running, closing(sqlite3.connect(copy)) as kept:
            running.backup(kept)
        os.chmod(copy, 0o600)


def _copy(source: Path, target: Path) -> None:
    with (
        source.open("rb") as read,
        os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out,
    ):
        shutil.copyfileobj(read, out, 8 << 20)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
