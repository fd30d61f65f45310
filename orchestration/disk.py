"""Files as such: what must be on the disk before anything is said of it, and who may read what is made.

Belongs here: waiting for the disk, and the modes of files. Does not belong here: what is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_USUAL_MASK = os.umask(0o077)
os.umask(_USUAL_MASK)


@contextmanager
def private() -> Iterator[None]:
    """What the process makes within, journals and drafts too, can be read by its owner alone from the start."""
    with _masking(0o077):
        yield


@contextmanager
def shared() -> Iterator[None]:
    """What the process makes within can be read by whom its own umask lets: what is published, and tells of nobody."""
    with _masking(_USUAL_MASK):
        yield


@contextmanager
def _masking(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def share(path: Path) -> None:
    """Let those read a file whom the umask of this process lets read any."""
    os.chmod(path, 0o666 & ~_USUAL_MASK)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
