"""The landing zone: which files are there, complete, and ours to read.

Belongs here: listing, settling, and what of it the ledger does not know yet. Does not belong here: what is in a file.
Nothing here changes or removes a file of the landing zone.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestration.exports.containers import printable
from orchestration.exports.landing_index import LandingIndex
from orchestration.settings import Settings
from orchestration.sources import SOURCES

# What stands for the source of a file that lies outside every source's folder.
UNCLAIMED = "unclaimed"
# Below that of every source: where a folder's source is declared later, its files are new again.
UNCLAIMED_VERSION = 0
# What browsers, copy programs and transfer clients call a file they are still writing.
_IN_PROGRESS = (".tmp", ".part", ".partial", ".crdownload", ".filepart", ".download")


@dataclass(frozen=True, slots=True)
class LandingFile:
    """A file below `landing/<source>`, or outside every source's folder (`source` is then UNCLAIMED).

    `name` is its printable path below that folder, `size` is in bytes, `mtime_ns` its time of change in nanoseconds.
    With a `problem` it is not read, and the problem is the reason, fit for the ledger.
    """

    source: str
    path: Path
    name: str
    size: int
    mtime_ns: int
    problem: str | None = None

    @property
    def landed(self) -> str:
        """Its printable path below the home."""
        return f"landing/{self.name}" if self.source == UNCLAIMED else f"landing/{self.source}/{self.name}"


def list_files(landing: Path, source: str) -> Iterator[LandingFile]:
    """Every file of a source at any depth, in the order of the names. Hidden and half-written ones are passed over."""
    zone = landing.resolve()
    root = landing / source
    if root.is_symlink() and not root.resolve().is_relative_to(zone):
        yield LandingFile(source, root, ".", 0, root.lstat().st_mtime_ns, _leaves("the folder"))
    elif root.is_dir():
        yield from _below(source, root, "", zone)


def list_unclaimed(landing: Path, sources: Collection[str]) -> Iterator[LandingFile]:
    """Every file beside the folders of the sources, or in a folder that is none of theirs, by name."""
    if landing.is_dir():
        yield from _below(UNCLAIMED, landing, "", landing.resolve(), passed_over=sources)


def settled(files: Iterable[LandingFile], settle_seconds: float, scratch: Path) -> Iterator[LandingFile]:
    """The files that nobody is writing to any more, each as it is now.

    A file that did not change for `settle_seconds` is complete. Younger ones are looked at a second time after that
    long, all at once; one that changed in between is left for later. Time is read from the file system itself, at
    `scratch`, since another machine's clock may have stamped the files.
    """
    young = []
    now = _file_system_time(scratch)
    for file in files:
        if file.problem or (now - file.mtime_ns >= 0 and now - file.mtime_ns >= settle_seconds * 1e9):
            yield file
        else:
            young.append(file)
    if young:
        time.sleep(settle_seconds)
        yield from (file for file in young if is_unchanged(file))


def is_unchanged(file: LandingFile) -> bool:
    """Whether a file still has the size and time of change it was listed with."""
    try:
        status = file.path.stat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (file.size, file.mtime_ns)


def pending_files(settings: Settings, sources: Collection[str] = SOURCES) -> list[LandingFile]:
    """What a load would look at: files whose present state it has not dealt with, half-copied ones included.

    Files that none of the sources claims are among them.

    Never opens the warehouse: it compares with the landing index, which the loader keeps beside it.
    """
    with LandingIndex(settings, read_only=True) as index:
        claimed = [
            file
            for source in sources
            for file in list_files(settings.landing, source)
            if not index.knows(file, SOURCES[source].reader_version)
        ]
        unclaimed = list_unclaimed(settings.landing, sources)
        return claimed + [file for file in unclaimed if not index.knows(file, UNCLAIMED_VERSION)]


def _below(
    source: str, folder: Path, prefix: str, zone: Path, passed_over: Collection[str] = ()
) -> Iterator[LandingFile]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield LandingFile(source, folder, printable(prefix) or ".", 0, 0, _unreadable("the folder", error))
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name.lower().endswith(_IN_PROGRESS) or entry.name in passed_over:
            continue
        name = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _below(source, Path(entry.path), name + "/", zone)
        elif (file := _file(source, entry, printable(name), zone)) is not None:
            yield file


def _file(source: str, entry: os.DirEntry, name: str, zone: Path) -> LandingFile | None:
    """The file of a directory entry; None where it vanished meanwhile."""
    path = Path(entry.path)
    try:
        status = entry.stat(follow_symlinks=False)
        problem = None
        if stat.S_ISLNK(status.st_mode):
            problem = _link_problem(path, zone)
            if problem is None:
                status = path.stat()
        if problem is None and not stat.S_ISREG(status.st_mode):
            problem = "not a file: a pipe, a socket or a device cannot be an export"
        if problem is None and not os.access(path, os.R_OK):
            problem = "unreadable: the pipeline's user may not read the file; change its permissions"
    except FileNotFoundError:
        return None
    except OSError as error:
        return LandingFile(source, path, name, 0, 0, _unreadable("the file", error))
    return LandingFile(source, path, name, status.st_size, status.st_mtime_ns, problem)


def _link_problem(path: Path, zone: Path) -> str | None:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return "symbolic link: it leads nowhere; land the file itself"
    if not target.is_relative_to(zone):
        return _leaves("the link")
    if target.is_dir():
        return "symbolic link: it leads to a folder; land the files themselves"
    return None


def _leaves(what: str) -> str:
    return f"symbolic link: {what} leaves the landing zone; land the file itself"


def _unreadable(what: str, error: OSError) -> str:
    return f"unreadable: {what} cannot be read ({error.strerror})"


def _file_system_time(scratch: Path) -> int:
    scratch.mkdir(parents=True, exist_ok=True)
    probe = scratch / f"clock.{os.getpid()}"
    probe.touch()
    try:
        return probe.stat().st_mtime_ns
    finally:
        probe.unlink()
