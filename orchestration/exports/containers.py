"""Unpacking: from a file of the landing zone to the plain content of its exports.

Belongs here: gzip, zstd and ZIP, nested ones included, in bounded memory and within limits, and the SHA-256 of what
comes out. Does not belong here: what the content means (`formats.py`). No name of a file or of an archive's member
ever becomes a path: unpacked content lies under names of our own.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import lzma
import re
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import zstandard

from orchestration.settings import Settings

# Content up to this size is held in memory: a file of its own, and a DuckDB scan of its own, would cost more than it.
SMALL_BYTES = 512 * 1024
MAX_DEPTH = 3
# A compression ratio says nothing about a few bytes; it is judged from here on.
RATIO_FLOOR_BYTES = 10_000_000

_BLOCK = 1 << 20
# A zstd block of 4 bytes may hold 128 KiB: fed in slices of this size, the decoder never returns more than ~32 MiB.
_ZSTD_SLICE = 1024
_GZIP, _ZSTD, _ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", (b"PK\x03\x04", b"PK\x05\x06")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DAMAGE = (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, lzma.LZMAError, zstandard.ZstdError, struct.error,
           ValueError, RuntimeError)  # fmt: skip


class ContainerError(ValueError):
    """An archive, or a member of one, that is not unpacked; the message is the reason, fit for the ledger."""


class Damaged(ContainerError):
    """The archive is cut off or its bytes contradict themselves."""


@dataclass(frozen=True)
class Content:
    """Bytes with their size and SHA-256 (hex): in memory as `data` when small, else in the file `path`."""

    size: int
    sha256: str
    data: bytes | None = None
    path: Path | None = None

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The bytes as a readable, seekable file."""
        with io.BytesIO(self.data) if self.data is not None else self.path.open("rb") as file:
            yield file

    def head(self, size: int) -> bytes:
        """The first `size` bytes."""
        with self.open() as file:
            return file.read(size)


@dataclass(frozen=True)
class Part:
    """One export found in a landing file.

    `member` is its printable name within the archive, None for a plain or merely compressed file. With a `problem` it
    is held, and `content` is what to keep of it; `named` says that the problem lies in the name, not in the content.
    """

    content: Content
    member: str | None = None
    problem: str | None = None
    named: bool = False


class Spool:
    """A folder of our own for unpacked content and other files of a moment; what lay there before is removed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)  # also threads that ask at once get numbers of their own
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)

    def new_path(self, suffix: str = "") -> Path:
        """A path that nothing has yet."""
        return self._folder / f"{next(self._numbers):08d}{suffix}"

    def alias(self, path: Path) -> Path:
        """A path of our own that leads to a file: DuckDB reads `*`, `?` and `[` in a name as a pattern."""
        if path.parent == self._folder:
            return path
        link = self.new_path()
        link.symlink_to(path)
        return link

    def keep(self, stream: BinaryIO, allowance: Allowance | None = None, packed_size: int = 0) -> Content:
        """Read a stream to its end: into memory when small, else into a file. Raises ContainerError past a limit."""
        digest, size, held, file, path = hashlib.sha256(), 0, [], None, None
        try:
            while block := stream.read(_BLOCK):
                size += len(block)
                if allowance:
                    allowance.spend(len(block), size, packed_size)
                digest.update(block)
                if file is None and size > SMALL_BYTES:
                    path = self.new_path()
                    file = path.open("wb")
                    file.writelines(held)
                    held = []
                if file:
                    file.write(block)
                else:
                    held.append(block)
        finally:
            if file:
                file.close()
        return Content(size, digest.hexdigest(), None if path else b"".join(held), path)

    def discard(self, path: Path | None) -> None:
        """Remove a file of ours; a path that lies elsewhere, or none, is left alone."""
        if path is not None and path.parent == self._folder:
            path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the folder with everything in it."""
        shutil.rmtree(self._folder, ignore_errors=True)


class Allowance:
    """What one landing file may still unpack to, over all its members and nested archives."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._left = settings.max_unpacked_bytes

    def spend(self, bytes_more: int, size: int, packed_size: int) -> None:
        """Take `bytes_more` off; `size` is what came out of `packed_size` so far. Raises ContainerError."""
        self._left -= bytes_more
        self.demand_bytes(0)
        self.demand_ratio(size, packed_size)

    def demand_bytes(self, size: int) -> None:
        """Raise ContainerError unless `size` bytes more are allowed."""
        if size > self._left or self._left < 0:
            raise ContainerError(
                f"too large: unpacks to more than {self._settings.max_unpacked_bytes:,} bytes. If it is genuine, split "
                "it or raise MICRO_CONVERSIONS_MAX_UNPACKED_BYTES"
            )

    def demand_ratio(self, size: int, packed_size: int) -> None:
        """Raise ContainerError where so much cannot honestly come out of so little."""
        ratio = self._settings.max_compression_ratio
        if size > RATIO_FLOOR_BYTES and size > packed_size * ratio:
            raise ContainerError(
                f"suspicious: unpacks to more than {ratio:,} times its size, as no export does. If it is genuine, land "
                "it unpacked or raise MICRO_CONVERSIONS_MAX_COMPRESSION_RATIO"
            )

    def demand_members(self, count: int) -> None:
        """Raise ContainerError where an archive has too many members."""
        if count > self._settings.max_archive_members:
            raise ContainerError(
                f"too many members: the archive has {count:,}, the limit is {self._settings.max_archive_members:,}. "
                "Split it or raise MICRO_CONVERSIONS_MAX_ARCHIVE_MEMBERS"
            )


def whole(path: Path) -> Content:
    """A file's content as it is, an archive included. Raises OSError where it cannot be read."""
    with path.open("rb") as file:
        return _plain(file, path)


def unpack(path: Path, spool: Spool, settings: Settings) -> Iterator[Part]:
    """The exports in a file of the landing zone, one by one; a ZIP has one per member.

    A plain file is not copied: its content is `path` itself, or its bytes when small. Raises OSError where the file
    cannot be read; whatever is wrong with an archive comes as a Part with a problem.
    """
    yield from unpack_content(whole(path), spool, settings)


def unpack_content(content: Content, spool: Spool, settings: Settings) -> Iterator[Part]:
    """The exports in what came from a landing zone, as `unpack` finds them."""
    yield from _unpacked(Part(content), spool, Allowance(settings), depth=1)


def printable(name: str) -> str:
    """A name as it may be shown and stored: control characters and bytes that are no text are written as escapes."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return _CONTROL.sub(lambda match: f"\\x{ord(match.group()):02x}", text)


def _is_container(magic: bytes) -> bool:
    return magic[:2] == _GZIP or magic == _ZSTD or magic in _ZIP


def _plain(file: BinaryIO, path: Path) -> Content:
    data = file.read(SMALL_BYTES + 1)
    digest = hashlib.sha256(data)
    if len(data) <= SMALL_BYTES:
        return Content(len(data), digest.hexdigest(), data=data)
    while block := file.read(_BLOCK):
        digest.update(block)
    return Content(file.tell(), digest.hexdigest(), path=path)


def _unpacked(packed: Part, spool: Spool, allowance: Allowance, depth: int) -> Iterator[Part]:
    """What is in `packed`, which is passed on as it is when it is no archive."""
    magic = packed.content.head(4)
    if not _is_container(magic):
        yield packed
        return
    try:
        if depth > MAX_DEPTH:
            raise ContainerError(
                f"nested too deeply: archives within archives beyond {MAX_DEPTH} levels; land it unpacked"
            )
        if magic in _ZIP:
            yield from _zip_members(packed, spool, allowance, depth)
            spool.discard(packed.content.path)
            return
        with packed.content.open() as file, _decoder(magic, file) as stream:
            content = _undamaged(lambda: spool.keep(stream, allowance, packed.content.size), "archive")
    except ContainerError as error:
        yield Part(packed.content, packed.member, problem=str(error))
        return
    spool.discard(packed.content.path)
    yield from _unpacked(Part(content, packed.member), spool, allowance, depth + 1)


def _decoder(magic: bytes, file: BinaryIO) -> BinaryIO:
    return gzip.GzipFile(fileobj=file) if magic[:2] == _GZIP else _ZstdStream(file)


def _undamaged(read, what: str):
    """What `read` returns; Damaged where the archive is not what it should be."""
    try:
        return read()
    except ContainerError:
        raise
    except EOFError as error:
        raise Damaged(f"truncated: the {what} ends before its content does; export it again") from error
    except _DAMAGE as error:
        raise Damaged(f"damaged: the {what} cannot be unpacked ({_plainly(error)}); export it again") from error


def _plainly(error: Exception) -> str:
    return _CONTROL.sub(" ", str(error))[:200] or type(error).__name__


class _ZstdStream(io.RawIOBase):
    """zstd frames, one after another, as a stream that ends with EOFError when the last frame is cut off."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = None
        self._unread = b""
        self._ready = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._ready:
            source = self._unread or self._file.read(_ZSTD_SLICE)
            self._unread = b""
            if not source:
                if self._decoder:
                    raise EOFError
                return b""
            self._decoder = self._decoder or zstandard.ZstdDecompressor().decompressobj()
            self._ready = self._decoder.decompress(source)
            if self._decoder.eof:
                self._unread, self._decoder = self._decoder.unused_data, None
        ready, self._ready = self._ready, b""
        return ready


def _zip_members(packed: Part, spool: Spool, allowance: Allowance, depth: int) -> Iterator[Part]:
    with packed.content.open() as file:
        archive = _undamaged(lambda: zipfile.ZipFile(file), "ZIP archive")
        members = [
            info
            for info in archive.infolist()
            if not info.filename.endswith("/") and (_hostile(info) or not _is_clutter(info))
        ]
        if any(info.filename == "[Content_Types].xml" for info in members):
            raise ContainerError("an Office document, not an export; save its table as CSV")
        allowance.demand_members(len(members))
        allowance.demand_bytes(sum(info.file_size for info in members))
        if not members:
            raise ContainerError("empty: the archive holds no files")
        for info in members:
            prefix = f"{packed.member}/" if packed.member else ""
            name = prefix + printable(info.orig_filename)
            hostile = _hostile(info)
            try:
                content = _undamaged(
                    lambda info=info: _member(archive, info, spool, allowance), "member of the archive"
                )
            except ContainerError as error:
                yield Part(spool.keep(_packed_bytes(file, info)), name, problem=str(error))
                continue
            if hostile:
                yield Part(content, name, problem=hostile, named=True)
            else:
                yield from _unpacked(Part(content, name), spool, allowance, depth + 1)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, spool: Spool, allowance: Allowance) -> Content:
    if info.flag_bits & 1:
        raise ContainerError("encrypted: the member has a password; export it without")
    with archive.open(info) as stream:
        return spool.keep(stream, allowance, info.compress_size)


def _packed_bytes(file: BinaryIO, info: zipfile.ZipInfo) -> BinaryIO:
    """A member as it lies in the archive, still compressed: what is kept of one that cannot be unpacked."""
    if info.header_offset < 0:  # the archive's end says that it begins before its beginning
        return io.BytesIO()
    file.seek(info.header_offset + 26)
    lengths = file.read(4)
    if len(lengths) < 4:
        return io.BytesIO()
    file.seek(sum(struct.unpack("<HH", lengths)), io.SEEK_CUR)
    return _Slice(file, info.compress_size)


class _Slice(io.RawIOBase):
    """The next `size` bytes of a file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._left = file, size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data


def _is_clutter(info: zipfile.ZipInfo) -> bool:
    """Whether a member is what file managers add to archives: it is nobody's export."""
    return any(part.startswith(".") or part == "__MACOSX" for part in info.filename.split("/"))


def _hostile(info: zipfile.ZipInfo) -> str | None:
    """Why a member's name or kind is not to be trusted."""
    name = info.orig_filename
    parts = re.split(r"[/\\]", name)
    if stat.S_ISLNK(info.external_attr >> 16):
        return "hostile member: a symbolic link, not a file"
    if not name:
        return "hostile member: it has no name"
    if _CONTROL.search(name):
        return "hostile member: its name holds control characters"
    if not parts[0] or re.match(r"[A-Za-z]:", name):
        return "hostile member: its name is an absolute path"
    if ".." in parts:
        return "hostile member: its name leads out of the archive"
    return None
