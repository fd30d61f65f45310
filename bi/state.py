"""What Superset keeps for a home, below `<home>/bi`, readable by its owner alone.

Belongs here: the places and secrets, made once. Does not belong here: the marts, which Superset only reads.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orchestration.settings import Settings

USER = "admin"


@dataclass(frozen=True)
class State:
    """Superset's own database, its keys, and the mark of what was provisioned last."""

    folder: Path

    @property
    def database(self) -> Path:
        """Superset's metadata (SQLite): users, dashboards, what people save."""
        return self.folder / "superset.db"

    @property
    def provisioned(self) -> Path:
        """Holds the fingerprint of what was imported last."""
        return self.folder / "provisioned"

    @property
    def log(self) -> Path:
        """What Superset said when it was provisioned last."""
        return self.folder / "provision.log"

    @property
    def password_path(self) -> Path:
        """Where the password of USER is read."""
        return self.folder / "password"

    @property
    def secret_key(self) -> str:
        """Signs the sessions."""
        return _kept(self.folder / "secret_key")

    @property
    def password(self) -> str:
        """The password of USER."""
        return _kept(self.password_path)


def of(settings: Settings) -> State:
    """The state of a home; its folder is made where it is absent."""
    folder = settings.home / "bi"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return State(folder)


def _kept(path: Path) -> str:
    """A random secret: that of the file, else a new one that the file keeps."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
        with suppress(FileExistsError):  # another process was first: its secret stands
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip()
