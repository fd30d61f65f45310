"""An SFTP server on loopback for the tests: paramiko's, which serves a folder to whoever holds the key."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import paramiko

USER = "exports"


class SftpServer(NamedTuple):
    """Where it listens, the folder that it serves as its root, and a home whose user may come in and knows it."""

    port: int
    folder: Path
    user_home: Path

    @property
    def url(self) -> str:
        """Its address."""
        return f"sftp://{USER}@127.0.0.1:{self.port}"


@contextmanager
def sftp_server(folder: Path) -> Iterator[SftpServer]:
    """A server of `folder/served`, until the end of the context; `folder/user` is the home of who may come in."""
    served, ssh = folder / "served", folder / "user" / ".ssh"
    served.mkdir(parents=True)
    ssh.mkdir(parents=True)
    host_key, user_key = paramiko.ECDSAKey.generate(), paramiko.ECDSAKey.generate()
    user_key.write_private_key_file(str(ssh / "id_ecdsa"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        (ssh / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key.get_name()} {host_key.get_base64()}\n")
        threading.Thread(target=_serve, args=(listening, host_key, user_key, served), daemon=True).start()
        yield SftpServer(port, served, folder / "user")


def _serve(listening: socket.socket, host_key: paramiko.PKey, user_key: paramiko.PKey, folder: Path) -> None:
    transports = []
    with suppress(OSError):  # the socket is closed at the end
        while True:
            connection, _ = listening.accept()
            transport = paramiko.Transport(connection)
            transport.add_server_key(host_key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Folder, folder)
            with suppress(paramiko.SSHException, EOFError):  # a client that does not trust the host hangs up
                transport.start_server(server=_Door(user_key))
            transports.append(transport)
    for transport in transports:
        transport.close()


class _Door(paramiko.ServerInterface):
    def __init__(self, user_key: paramiko.PKey) -> None:
        self._user_key = user_key

    def get_allowed_auths(self, username):
        return "publickey"

    def check_auth_publickey(self, username, key):
        is_theirs = username == USER and key == self._user_key
        return paramiko.AUTH_SUCCESSFUL if is_theirs else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED


class _Folder(paramiko.SFTPServerInterface):
    def __init__(self, server, folder: Path) -> None:
        super().__init__(server)
        self._folder = folder

    def _path(self, path: str) -> str:
        return str(self._folder) + self.canonicalize(path)

    def list_folder(self, path):
        try:
            return [
                paramiko.SFTPAttributes.from_stat(entry.stat(), entry.name) for entry in os.scandir(self._path(path))
            ]
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    def stat(self, path):
        try:
            return paramiko.SFTPAttributes.from_stat(os.stat(self._path(path)))
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    lstat = stat

    def open(self, path, flags, attr):
        try:
            handle = paramiko.SFTPHandle(flags)
            handle.readfile = os.fdopen(os.open(self._path(path), os.O_RDONLY), "rb")
            return handle
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
