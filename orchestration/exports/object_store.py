"""A landing zone in an object store or on another machine, through fsspec: `s3://`, `gs://`, `az://`, `sftp://`.

Belongs here: listing by pages and fetching. Does not belong here: what of it is an export of ours (`landing.py`).
Nothing here writes to a store. Credentials are what the store's own library finds in the environment: no setting of
ours holds any.

An object of a store appears complete or not at all, and what tells its states apart is the store's own mark (an entity
tag, a generation): two objects of the same size and second are told apart. A file on another machine may be half
written, as one on this machine may.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from orchestration.settings import STORES

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

# Requests to a store take their time on the way and none of ours: so many go at once.
_FETCHED_AT_ONCE = 16
# Small objects are fetched ahead; of large ones no more than this lies about unread.
_BYTES_AHEAD = 256_000_000
_BLOCK = 8 << 20
# Seconds after which an SSH host that does not answer is given up.
_PATIENCE = {"timeout": 30, "banner_timeout": 30, "auth_timeout": 30}
_ONE_AT_A_TIME = RLock()
# Stores say when an object changed, and what marks its state, under names of their own.
_CHANGED_AT = ("LastModified", "last_modified", "mtime", "updated")
_MARKS = ("ETag", "etag", "generation", "md5Hash")
_ARCHIVES = ("GLACIER", "DEEP_ARCHIVE", "Archive")


class StoreError(OSError):
    """A store that does not answer as it should; the message says which, why and what to do.

    `may_pass` says whether it may answer the next time without anybody doing something about it.
    """

    def __init__(self, message: str, may_pass: bool = False) -> None:
        super().__init__(message)
        self.may_pass = may_pass


class Changed(Exception):
    """An object that is no longer what was listed: it is left for the next listing."""


class StoredObject(NamedTuple):
    """An object as it was listed: `key` is its path in the store, `mtime_ns` 0 where the store tells no time."""

    key: str
    size: int
    mtime_ns: int
    mark: str
    is_archived: bool


@dataclass(frozen=True)
class Store:
    """A folder of a store, as a URL that `settings.py` has accepted."""

    url: str

    @property
    def is_atomic(self) -> bool:
        """Whether objects appear complete or not at all."""
        return self._scheme not in ("sftp", "ssh")

    def pages(self, folder: str, after: str = "") -> Iterator[list[StoredObject]]:
        """The objects below a folder of the store, page by page in one order, those after a key.

        What is added or removed meanwhile is in it or not; whatever stands still is in it once. Raises StoreError.
        """
        root = f"{self._root}/{folder}".rstrip("/") + "/"
        try:
            yield from self._s3_pages(root, after) if self._scheme == "s3" else self._walked(root, after)
        except Exception as error:  # each store's library has exceptions of its own
            raise self._problem("listed", error) from error

    def top(self) -> tuple[list[str], list[StoredObject]]:
        """The names of the folders in the store's folder, and the objects beside them. Raises StoreError."""
        try:
            with self._turn:
                infos = self._files.ls(self._root, detail=True)
        except FileNotFoundError:
            return [], []
        except Exception as error:
            raise self._problem("listed", error) from error
        folders = {info["name"].rstrip("/").rpartition("/")[2] for info in infos if info["type"] == "directory"}
        return sorted(folders), [_stored(info["name"], info) for info in infos if info["type"] == "file"]

    def below(self, stored: StoredObject) -> str:
        """The path of an object below the store's folder."""
        return stored.key.removeprefix(f"{self._root}/")

    def is_unchanged(self, stored: StoredObject) -> bool:
        """Whether an object is as it was listed. Raises StoreError."""
        try:
            with self._turn:
                return _stored(stored.key, self._files.info(stored.key)) == stored
        except FileNotFoundError:
            return False
        except Exception as error:
            raise self._problem("read", error) from error

    def stream(self, stored: StoredObject) -> io.RawIOBase:
        """An object's bytes as a stream; they are those that were listed, or it raises Changed. Raises StoreError."""
        return _Reading(self, stored)

    @property
    def _scheme(self) -> str:
        return urlsplit(self.url).scheme

    @property
    def _files(self) -> AbstractFileSystem:
        return _file_system(self.url)

    @property
    def _turn(self) -> AbstractContextManager:
        """Whose turn it is: paramiko mixes the answers up that two threads wait for on one connection."""
        return nullcontext() if self.is_atomic else _ONE_AT_A_TIME

    @property
    def _root(self) -> str:
        return self._files._strip_protocol(self.url).rstrip("/")

    def _s3_pages(self, root: str, after: str) -> Iterator[list[StoredObject]]:
        """S3 lists a thousand keys a page, in their order, from any key on."""
        bucket, _, prefix = root.partition("/")
        page: dict[str, Any] = {"IsTruncated": True}
        start = {"StartAfter": after.partition("/")[2]} if after else {}
        while page["IsTruncated"]:
            page = self._files.call_s3("list_objects_v2", Bucket=bucket, Prefix=prefix, **start)
            yield [
                _stored(f"{bucket}/{item['Key']}", {"size": item["Size"], **item}) for item in page.get("Contents", ())
            ]
            start = {"ContinuationToken": page.get("NextContinuationToken")}

    def _walked(self, root: str, after: str) -> Iterator[list[StoredObject]]:
        """Folder by folder, each a page and before those within it; those up to that of `after` are passed over."""
        done, here = (after.split("/")[:-1] if after else []), root.rstrip("/").split("/")
        try:
            with self._turn:
                infos = self._files.ls(root.rstrip("/"), detail=True)
        except FileNotFoundError:
            return
        infos.sort(key=lambda info: info["name"].rstrip("/"))
        infos = [info for info in infos if info["name"].rstrip("/").split("/") != here]
        if here > done:
            yield [_stored(info["name"], info) for info in infos if info["type"] == "file"]
        for info in infos:
            folder = info["name"].rstrip("/").split("/")
            if info["type"] == "directory" and (folder > done or done[: len(folder)] == folder):
                yield from self._walked("/".join(folder) + "/", after)

    def _problem(self, what: str, error: Exception) -> StoreError:
        if isinstance(error, StoreError):
            return error
        may_pass = False
        if isinstance(error, FileNotFoundError):
            advice = "it does not exist; make the bucket, or mend MICRO_CONVERSIONS_HOME"
        elif isinstance(error, PermissionError) or "credential" in str(error).lower():
            needs = STORES[self._scheme].needs
            advice = f"access is denied; the environment needs credentials that may list and read ({needs})"
        else:
            may_pass, advice = True, f"{type(error).__name__}: {str(error)[:300]}"
            _file_system.cache_clear()  # a connection that was lost stays lost: the next try makes a new one
        return StoreError(f"The landing zone {self.url} cannot be {what}: {advice}.", may_pass)


class _Reading(io.RawIOBase):
    """The bytes of an object, in order. The request is made with the first read."""

    def __init__(self, store: Store, stored: StoredObject) -> None:
        self._store = store
        self._stored = stored
        self._left = stored.size
        self._open = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        try:
            with self._store._turn:
                self._open = self._open or self._opened()
                data = self._open(size if size >= 0 else self._left)
        except (Changed, StoreError):
            raise
        except FileNotFoundError as error:
            raise Changed from error
        except Exception as error:
            if "PreconditionFailed" in str(error) or "At least one of the pre-conditions" in str(error):
                raise Changed from error
            raise self._store._problem("read", error) from error
        self._left -= len(data)
        if not data and (self._left or not self._is_as_listed()):
            raise Changed
        return data

    def _opened(self):
        store, key = self._store, self._stored.key
        if store._scheme != "s3":
            return store._files.open(key, "rb", block_size=_BLOCK).read
        # One request, which S3 refuses where the object is no longer the one that was listed.
        from fsspec.asyn import sync

        bucket, _, name = key.partition("/")
        body = store._files.call_s3("get_object", Bucket=bucket, Key=name, IfMatch=self._stored.mark)["Body"]
        return lambda size: sync(store._files.loop, body.read, size)

    def _is_as_listed(self) -> bool:
        return self._store._scheme == "s3" or self._store.is_unchanged(self._stored)


def in_advance(items: Iterable, fetch, size) -> Iterator:
    """`fetch` of each item, in their order, several at once; `size` tells an item's bytes."""
    waiting: deque[tuple[int, Future]] = deque()
    with ThreadPoolExecutor(_FETCHED_AT_ONCE) as workers:
        try:
            for item in items:
                waiting.append((size(item), workers.submit(fetch, item)))
                while len(waiting) >= 2 * _FETCHED_AT_ONCE or sum(n for n, _ in waiting) > _BYTES_AHEAD:
                    yield waiting.popleft()[1].result()
            while waiting:
                yield waiting.popleft()[1].result()
        finally:
            for _, future in waiting:
                future.cancel()


@cache
def _file_system(url: str) -> AbstractFileSystem:
    """fsspec's file system of a URL, which remembers no listing: each look is a new one. Raises StoreError."""
    import fsspec

    scheme = urlsplit(url).scheme
    is_sftp = scheme in ("sftp", "ssh")
    options = {"host_key_policy": _known_hosts(), **_PATIENCE} if is_sftp else {"use_listings_cache": False}
    try:
        files = fsspec.url_to_fs(url, skip_instance_cache=True, **options)[0]
        if is_sftp:
            files.ftp.get_channel().settimeout(_PATIENCE["timeout"])
        return files
    except ImportError:
        raise _not_installed(scheme) from None
    except Exception as error:
        raise StoreError(
            f"The landing zone {url} cannot be reached: {type(error).__name__}: {str(error)[:300]}. The environment "
            f"needs credentials ({STORES[scheme].needs})."
        ) from error


def _known_hosts():
    """paramiko's rule for hosts: those of the user's known_hosts, and no others."""
    try:
        import paramiko
    except ImportError:
        raise _not_installed("sftp") from None

    class KnownHosts(paramiko.MissingHostKeyPolicy):
        def missing_host_key(self, client, hostname, key):
            path = Path("~/.ssh/known_hosts").expanduser()
            if not (path.exists() and paramiko.HostKeys(str(path)).check(hostname, key)):
                raise paramiko.SSHException(f"the key of {hostname} is not in {path}; add it with ssh-keyscan")

    return KnownHosts()


def _not_installed(scheme: str) -> StoreError:
    package = STORES[scheme].package
    return StoreError(
        f"A landing zone at {scheme}:// needs the package {package}; install it: "
        f".venv/bin/python -m pip install {package}"
    )


def _stored(key: str, info: dict[str, Any]) -> StoredObject:
    changed = next((info[name] for name in _CHANGED_AT if info.get(name)), 0)
    if isinstance(changed, str):
        changed = datetime.fromisoformat(changed)
    if isinstance(changed, datetime):
        changed = (changed if changed.tzinfo else changed.replace(tzinfo=UTC)).timestamp()
    mark = next((str(info[name]) for name in _MARKS if info.get(name)), "")
    is_archived = info.get("StorageClass") in _ARCHIVES
    return StoredObject(key, info["size"] or 0, int(changed * 1_000_000_000), mark, is_archived)
