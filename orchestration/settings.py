"""Every setting of the outside world, read once and typed.

Belongs here: environment variables, the paths below the home, limits. Does not belong here: thresholds of the methods
(dbt vars and seeds) and what a source looks like (`orchestration/sources`).
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from dotenv import dotenv_values

REPOSITORY = Path(__file__).resolve().parents[1]
DEFAULT_HOME = REPOSITORY / "data"
# Where homes keep their databases whose landing zones lie in a store.
HOMES = REPOSITORY / "homes"
SEGMENT_URL = "https://api.segment.io/v1/track"
# Where follow-ups may go, each with the settings that it cannot do without.
FOLLOW_UP_TARGETS = {"files": (), "webhook": ("WEBHOOK_URL",), "segment": ("SEGMENT_WRITE_KEY",)}


class StoreLibrary(NamedTuple):
    """The package through which fsspec speaks to a kind of store, and where that looks for credentials."""

    package: str
    needs: str


# Where a landing zone may lie beside this machine, by the scheme of its URL.
STORES = {
    "s3": StoreLibrary("s3fs", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or a role"),
    "gs": StoreLibrary("gcsfs", "GOOGLE_APPLICATION_CREDENTIALS"),
    "gcs": StoreLibrary("gcsfs", "GOOGLE_APPLICATION_CREDENTIALS"),
    "az": StoreLibrary("adlfs", "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY"),
    "abfs": StoreLibrary("adlfs", "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY"),
    "sftp": StoreLibrary("paramiko", "a key of ~/.ssh or of the agent, or FSSPEC_SFTP_PASSWORD"),
}

# DuckDB's own limit covers its buffers only: Python, Dagster and Great Expectations need memory beside it.
MEMORY_OUTSIDE_DUCKDB_MB = 1_024
SMALLEST_DUCKDB_MB = 512

_SIZE_UNITS_MB = {"MB": 1, "MIB": 1, "GB": 1_000, "GIB": 1_024, "TB": 1_000_000, "TIB": 1_048_576}


class SettingError(ValueError):
    """A setting that cannot be used; the message names the variable, its value and what to write instead."""


@dataclass(frozen=True)
class Settings:
    """What the outside world may set. Paths are absolute; sizes in bytes unless the name says otherwise."""

    home: Path = DEFAULT_HOME
    # The home as a URL, where its landing zone lies in a store; `home` is then where everything else of it lies.
    home_url: str | None = None
    target: str = "duckdb"
    pinned_now: datetime | None = None
    memory_limit_mb: int = 4_000
    threads: int = 2
    settle_seconds: float = 2.0
    sensor_interval_seconds: int = 5
    step_timeout_seconds: int = 7_200
    run_timeout_seconds: int = 14_400
    unreadable_share_limit: float = 0.05
    stale_after_hours: float = 48
    # Who is told of it, as a JSON object with `text`.
    alert_url: str | None = field(default=None, repr=False)
    # Days that verbatim records of events are kept; None for ever.
    retention_days: int | None = None
    max_unpacked_bytes: int = 20_000_000_000
    max_archive_members: int = 100_000
    max_compression_ratio: int = 1_000
    given_salt: str | None = field(default=None, repr=False)
    # Where a browser finds the Data Docs; `make dev` serves them.
    data_docs_address: str | None = None
    follow_up_target: str = "files"
    # Addresses of receivers may hold a secret, as many a webhook's does.
    webhook_url: str | None = field(default=None, repr=False)
    webhook_secret: str | None = field(default=None, repr=False)
    segment_url: str = field(default=SEGMENT_URL, repr=False)
    segment_write_key: str | None = field(default=None, repr=False)
    # Where the marts are published beside `marts.duckdb`; the address may hold a password.
    postgres_url: str | None = field(default=None, repr=False)
    postgres_schema: str = "marts"
    postgres_reader: str = "marts_reader"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read `MICRO_CONVERSIONS_*` from the environment, else from `.env` at the repository root.

        Raises SettingError where a value cannot be read.
        """
        if environ is None:
            environ = {**dotenv_values(REPOSITORY / ".env"), **os.environ}

        def value(name: str) -> str | None:
            return environ.get(f"MICRO_CONVERSIONS_{name}") or None

        def number(name: str, default: float, kind: type = int):
            text = value(name)
            try:
                return kind(text) if text is not None else default
            except ValueError:
                raise SettingError(
                    f"MICRO_CONVERSIONS_{name}={text!r} is not a number; write one, or leave it out for {default}."
                ) from None

        home, home_url = _read_home(value("HOME"), value("LOCAL_HOME"))
        return cls(
            home=home,
            home_url=home_url,
            target=value("TARGET") or cls.target,
            pinned_now=_read_time(value("NOW")),
            memory_limit_mb=_read_megabytes(value("MEMORY_LIMIT"), cls.memory_limit_mb),
            threads=number("THREADS", min(cls.threads, os.cpu_count() or 1)),
            settle_seconds=number("SETTLE_SECONDS", cls.settle_seconds, float),
            sensor_interval_seconds=number("SENSOR_INTERVAL_SECONDS", cls.sensor_interval_seconds),
            step_timeout_seconds=number("STEP_TIMEOUT_SECONDS", cls.step_timeout_seconds),
            run_timeout_seconds=number("RUN_TIMEOUT_SECONDS", cls.run_timeout_seconds),
            unreadable_share_limit=number("UNREADABLE_SHARE", cls.unreadable_share_limit, float),
            stale_after_hours=number("STALE_AFTER_HOURS", cls.stale_after_hours, float),
            alert_url=_receiver("ALERT_URL", value("ALERT_URL")),
            retention_days=number("RETENTION_DAYS", cls.retention_days),
            max_unpacked_bytes=number("MAX_UNPACKED_BYTES", cls.max_unpacked_bytes),
            max_archive_members=number("MAX_ARCHIVE_MEMBERS", cls.max_archive_members),
            max_compression_ratio=number("MAX_COMPRESSION_RATIO", cls.max_compression_ratio),
            given_salt=value("SALT"),
            data_docs_address=_receiver("DATA_DOCS_URL", value("DATA_DOCS_URL")),
            follow_up_target=_follow_up_target(value),
            webhook_url=_receiver("WEBHOOK_URL", value("WEBHOOK_URL")),
            webhook_secret=value("WEBHOOK_SECRET"),
            segment_url=_receiver("SEGMENT_URL", value("SEGMENT_URL")) or SEGMENT_URL,
            segment_write_key=value("SEGMENT_WRITE_KEY"),
            postgres_url=_database("POSTGRES_URL", value("POSTGRES_URL")),
            postgres_schema=value("POSTGRES_SCHEMA") or cls.postgres_schema,
            postgres_reader=value("POSTGRES_READER") or cls.postgres_reader,
        )

    @property
    def landing(self) -> Path:
        """Exports as they arrive, `<source>/**`; never changed by the pipeline."""
        return self.home / "landing"

    @property
    def landing_url(self) -> str | None:
        """Where exports arrive, when that is a store; `landing` is then not looked at."""
        return f"{self.home_url}/landing" if self.home_url else None

    @property
    def quarantine(self) -> Path:
        """What was held back, `<source>/<export_id>/`, readable by the owner alone."""
        return self.home / "quarantine"

    @property
    def warehouse_path(self) -> Path:
        """The pipeline's own database; nobody else opens it."""
        return self.home / "warehouse.duckdb"

    @property
    def marts_path(self) -> Path:
        """The published marts, what BI reads."""
        return self.home / "marts.duckdb"

    @property
    def outbox(self) -> Path:
        """Follow-ups delivered as files, readable by the owner alone."""
        return self.home / "outbox"

    @property
    def data_docs(self) -> Path:
        """Great Expectations' HTML report of the newest checks."""
        return self.home / "data_docs"

    @property
    def data_docs_url(self) -> str:
        """Where checks that fail lead to: the address of the Data Docs, or of their folder on this machine."""
        return (self.data_docs_address or self.data_docs.absolute().as_uri()).rstrip("/")

    @property
    def dbt_docs(self) -> Path:
        """dbt's documentation, built on request."""
        return self.home / "dbt_docs"

    @property
    def work(self) -> Path:
        """Candidates and unpacked members of the run that is going on; empty between runs."""
        return self.home / "work"

    @property
    def logs(self) -> Path:
        """The log that machines read, readable by the owner alone."""
        return self.home / "logs"

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance (runs, events, schedules) of this home."""
        return self.home / "dagster"

    @property
    def is_demonstration(self) -> bool:
        """The default home shows the project on invented sample exports; any other home never sees an invented row."""
        return self.home == DEFAULT_HOME

    @property
    def memory_limit(self) -> str:
        """DuckDB's share of `memory_limit_mb`, as DuckDB writes it."""
        return f"{max(self.memory_limit_mb - MEMORY_OUTSIDE_DUCKDB_MB, SMALLEST_DUCKDB_MB)}MB"

    @cached_property
    def salt(self) -> str:
        """Key of the subscriber hash: as given, else made once and kept under the home, readable by the owner alone."""
        if self.given_salt:
            return self.given_salt
        path = self.home / "salt"
        try:
            return path.read_text().strip()
        except FileNotFoundError:
            self.home.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f"salt.{os.getpid()}.tmp")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
            with suppress(FileExistsError):  # another process was first: its salt stands
                os.link(draft, path)
            draft.unlink()
            return path.read_text().strip()

    def now(self) -> datetime:
        """The present in UTC, without zone: `MICRO_CONVERSIONS_NOW`, else the clock, which nothing else reads."""
        return self.pinned_now or datetime.now(UTC).replace(tzinfo=None)


def _read_home(text: str | None, local: str | None) -> tuple[Path, str | None]:
    """The home's folder on this machine, and its URL where its landing zone lies elsewhere."""
    parts = urlsplit(text or "")
    if not text or "://" not in text:
        return _folder(text or DEFAULT_HOME), None
    if parts.scheme == "file":
        return _folder(unquote(parts.path)), None
    if parts.password or (parts.username and parts.scheme not in ("sftp", "az", "abfs")):
        # Not shown: it holds a secret.
        raise SettingError("MICRO_CONVERSIONS_HOME holds credentials; leave them to the environment.")
    if parts.scheme not in STORES:
        raise SettingError(
            f"MICRO_CONVERSIONS_HOME={text!r} is at no store that is known; write a folder, or a URL that begins with "
            f"one of {', '.join(f'{scheme}://' for scheme in ['file', *STORES])}."
        )
    if not parts.netloc or parts.query or parts.fragment:
        raise SettingError(f"MICRO_CONVERSIONS_HOME={text!r} is no address; write for instance s3://bucket/prefix.")
    url = text.rstrip("/")
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", url.partition("://")[2]).strip("-.")
    return _folder(local or HOMES / f"{parts.scheme}-{name}"), url


def _folder(text: str | Path) -> Path:
    return Path(text).expanduser().resolve()


def _follow_up_target(value: Callable[[str], str | None]) -> str:
    name = value("FOLLOW_UP_TARGET") or Settings.follow_up_target
    if name not in FOLLOW_UP_TARGETS:
        raise SettingError(
            f"MICRO_CONVERSIONS_FOLLOW_UP_TARGET={name!r} is no target of follow-ups; write one of "
            f"{', '.join(FOLLOW_UP_TARGETS)}."
        )
    for needed in FOLLOW_UP_TARGETS[name]:
        if not value(needed):
            raise SettingError(
                f"MICRO_CONVERSIONS_FOLLOW_UP_TARGET={name!r} needs MICRO_CONVERSIONS_{needed}; set it, or leave the "
                "target out and find follow-ups in the outbox."
            )
    return name


def _receiver(name: str, url: str | None) -> str | None:
    if url is not None and not (url.startswith(("http://", "https://")) and urlsplit(url).hostname):
        # Not shown: it may hold a secret.
        raise SettingError(f"MICRO_CONVERSIONS_{name} is no http or https address.")
    return url


def _database(name: str, url: str | None) -> str | None:
    if url is not None and not url.startswith(("postgresql://", "postgres://")):
        # Not shown: it may hold a password.
        raise SettingError(
            f"MICRO_CONVERSIONS_{name} is no address of a PostgreSQL database; write for instance "
            "postgresql://user:password@host:5432/database."
        )
    return url


def _read_time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SettingError(
            f"MICRO_CONVERSIONS_NOW={text!r} is not an ISO time; write for instance 2026-11-01T00:00:00Z."
        ) from None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _read_megabytes(text: str | None, default: int) -> int:
    if text is None:
        return default
    for unit, megabytes in _SIZE_UNITS_MB.items():
        if text.upper().endswith(unit):
            try:
                return int(float(text[: -len(unit)].strip()) * megabytes)
            except ValueError:
                break
    raise SettingError(f"MICRO_CONVERSIONS_MEMORY_LIMIT={text!r} is not a size; write for instance 4GB.")
