"""The landing zone: which files are there, complete, and ours to read.

Belongs here: listing, settling, and what of it the ledger does not know yet. Does not belong here: what is in a file.
Nothing here changes or removes a file of the landing zone.
"""

from __future__ import annotations

import itertools
import os
import stat
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from orchestration.exports.containers import Content, Part, Spool, printable, unpack, unpack_content, whole
from orchestration.exports.landing_index import LandingIndex
from orchestration.exports.object_store import Changed, Store, StoredObject, in_advance
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

    `name` is its printable path below that folder, `size` is in bytes, `mtime_ns` its time of change in nanoseconds,
    and `mark` what a store marks its state with. With a `problem` it is not read, and the problem is the reason, fit
    for the ledger. One of a store has no `path` but an `origin`, and `content` once it was fetched.
    """

    source: str
    path: Path | None
    name: str
    size: int
    mtime_ns: int
    problem: str | None = None
    mark: str = ""
    origin: tuple[Store, StoredObject] | None = None
    content: Content | None = None

    @property
    def landed(self) -> str:
        """Its printable path below the home."""
        return f"landing/{self.name}" if self.source == UNCLAIMED else f"landing/{self.source}/{self.name}"

    @property
    def key(self) -> str:
        """Where it lies: what tells it from every other file."""
        return str(self.path) if self.path else self.origin[1].key

    def whole(self) -> Content:
        """Its content as it is, an archive included. Raises OSError."""
        return self.content or whole(self.path)

    def unpack(self, spool: Spool, settings: Settings) -> Iterator[Part]:
        """The exports in it, as `containers.unpack` finds them."""
        return unpack_content(self.content, spool, settings) if self.content else unpack(self.path, spool, settings)


class Look(NamedTuple):
    """The pending files that a look at the landing zone found; `resume` is where it ended early, if it did."""

    files: list[LandingFile]
    resume: str | None = None


def files_of(settings: Settings, source: str) -> Iterator[LandingFile]:
    """Every file of a source, wherever the landing zone lies. Raises StoreError where a store does not answer."""
    if settings.landing_url is None:
        yield from list_files(settings.landing, source)
        return
    store = Store(settings.landing_url)
    for page in store.pages(source):
        yield from _ours(store, page, {source})


def unclaimed_files(settings: Settings, sources: Collection[str]) -> Iterator[LandingFile]:
    """Every file that no source claims, wherever the landing zone lies. Raises StoreError."""
    if settings.landing_url is None:
        yield from list_unclaimed(settings.landing, sources)
        return
    store = Store(settings.landing_url)
    folders, beside = store.top()
    yield from _ours(store, beside, sources)
    for folder in folders:
        if folder not in sources and not _is_passed_over(folder):
            for page in store.pages(folder):
                yield from _ours(store, page, sources)


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
        is_old = now - file.mtime_ns >= 0 and now - file.mtime_ns >= settle_seconds * 1e9
        if file.problem or is_complete(file) or (file.origin is None and is_old):
            yield file
        else:
            young.append(file)
    if young:
        time.sleep(settle_seconds)
        yield from (file for file in young if is_unchanged(file))


def is_complete(file: LandingFile) -> bool:
    """Whether a file is known to be complete at the first look: nobody sees half an object of a store."""
    return file.origin is not None and file.origin[0].is_atomic


def fetched(files: Iterable[LandingFile], spool: Spool) -> Iterator[LandingFile]:
    """The files with what they hold at hand: that of a store is fetched, several at once, and hashed on its way.

    One that changed since it was listed is left out: the next listing has it as it is then.
    """

    def fetch(file: LandingFile) -> LandingFile | None:
        if file.origin is None or file.problem:
            return file
        store, stored = file.origin
        try:
            return replace(file, content=spool.keep(store.stream(stored)))
        except Changed:
            return None

    files = iter(files)
    first = next(files, None)
    if first is None:
        return
    everything = itertools.chain([first], files)
    if first.origin is None:
        yield from everything
    else:
        yield from filter(None, in_advance(everything, fetch, lambda file: file.size))


def is_unchanged(file: LandingFile) -> bool:
    """Whether a file still has the size and time of change it was listed with; what was fetched cannot change."""
    if file.content:
        return True
    if file.origin:
        store, stored = file.origin
        return store.is_unchanged(stored)
    try:
        status = file.path.stat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (file.size, file.mtime_ns)


def pending_files(settings: Settings, sources: Collection[str] = SOURCES) -> list[LandingFile]:
    """What a load would look at: files whose present state it has not dealt with, half-copied ones included.

    Files that none of the sources claims are among them. Raises StoreError.

    Never opens the warehouse: it compares with the landing index, which the loader keeps beside it.
    """
    return look(settings, sources).files


def look(settings: Settings, sources: Collection[str], after: str | None = None, seconds: float | None = None) -> Look:
    """The pending files, of a store those after a key and as many as `seconds` allow: it is listed page by page."""
    ends = None if seconds is None else time.monotonic() + seconds
    with LandingIndex(settings, read_only=True) as index:

        def is_pending(file: LandingFile) -> bool:
            version = UNCLAIMED_VERSION if file.source == UNCLAIMED else SOURCES[file.source].reader_version
            return not index.knows(file, version)

        if settings.landing_url is None:
            listed = (file for source in sources for file in list_files(settings.landing, source))
            everything = itertools.chain(listed, list_unclaimed(settings.landing, sources))
            return Look(list(filter(is_pending, everything)))
        store, pending = Store(settings.landing_url), []
        for page in store.pages("", after or ""):
            pending += filter(is_pending, _ours(store, page, sources))
            if page and ends is not None and time.monotonic() > ends:
                return Look(pending, page[-1].key)
        return Look(pending)


def _ours(store: Store, page: Iterable[StoredObject], sources: Collection[str]) -> Iterator[LandingFile]:
    """The files of a page of a store's listing; hidden, half-written ones and what stands for a folder left out."""
    for stored in page:
        path = store.below(stored)
        parts = path.split("/")
        if any(_is_passed_over(part) for part in parts) or not parts[-1]:
            continue
        source, name = (parts[0], "/".join(parts[1:])) if parts[0] in sources and len(parts) > 1 else (UNCLAIMED, path)
        problem = "archived: the store keeps the object out of reach; restore it, or land a copy"
        yield LandingFile(
            source,
            None,
            printable(name),
            stored.size,
            stored.mtime_ns,
            problem if stored.is_archived else None,
            stored.mark,
            (store, stored),
        )


def _is_passed_over(name: str) -> bool:
    return name.startswith(".") or name.lower().endswith(_IN_PROGRESS)


def _below(
    source: str, folder: Path, prefix: str, zone: Path, passed_over: Collection[str] = ()
) -> Iterator[LandingFile]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield LandingFile(source, folder, printable(prefix) or ".", 0, 0, _unreadable("the folder", error))
        return
    for entry in entries:
        if _is_passed_over(entry.name) or entry.name in passed_over:
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
