"""A PostgreSQL server for tests: started on a free port of this machine, in a folder of its own, and stopped."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc

PASSWORD = "a password of the tests"
MISSING = "PostgreSQL's server is needed: on Debian `apt-get install postgresql`"


def binaries() -> Path | None:
    """Where initdb and pg_ctl are; None where PostgreSQL is not installed."""
    found = shutil.which("pg_ctl")
    places = (
        [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    )
    return next((place for place in places if (place / "initdb").exists()), None)


@contextmanager
def serve() -> Iterator[Server]:
    """A server with an `owner` that may do everything, for as long as the context lasts."""
    # Not below pytest's folder: the server refuses to run as root, and nobody else may look in there.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    user = _anybody() if os.geteuid() == 0 else None
    password, data = folder / "password", folder / "data"
    password.write_text(PASSWORD)
    if user:
        for path in (folder, password):
            shutil.chown(path, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def call(program: str, *arguments: str) -> None:
        subprocess.run(
            [str(binaries() / program), *arguments],
            check=True, cwd=folder, user=user, timeout=120, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    try:
        call(
            "initdb", "-D", str(data), "-U", "owner", "-A", "scram-sha-256", f"--pwfile={password}", "-E", "UTF8", "-N"
        )
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        call("pg_ctl", "-D", str(data), "-w", "-o", options, "-l", str(folder / "log"), "start")
        try:
            yield Server(port)
        finally:
            call("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Server:
    """A running server."""

    def __init__(self, port: int):
        self.port = port

    def url(self, database: str, user: str = "owner", password: str = PASSWORD) -> str:
        """The address of a database for somebody."""
        return f"postgresql://{user}:{password.replace(' ', '%20')}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """A new database, without the roles that an earlier one has left. Returns its address."""
        execute(self.url("postgres"), f'drop database if exists "{database}" with (force)')
        with suppress(adbc.Error):
            execute(self.url("postgres"), "drop role marts_reader")
        execute(self.url("postgres"), f'create database "{database}"')
        return self.url(database)


def execute(url: str, *statements: str) -> None:
    """Statements, each by itself."""
    with closing(adbc.connect(url, autocommit=True)) as connection, closing(connection.cursor()) as cursor:
        for statement in statements:
            cursor.execute(statement)


def rows(url: str, query: str) -> list[tuple]:
    """Rows of a query."""
    with closing(adbc.connect(url)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def _anybody() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)
