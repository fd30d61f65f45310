"""Bringing Superset's own database of a home up to what is declared.

Belongs here: the calls of Superset. Does not belong here: what is imported (`bundle.py`). One process does all of it,
since each start of Superset costs seconds, and nothing is done again that stands already.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import duckdb
import yaml

from bi import bundle, state
from bi.declared import Dataset, Declared, read
from orchestration import confinement
from orchestration.settings import REPOSITORY, Settings

CONFIG = Path(__file__).with_name("superset_config.py")


class NothingPublished(RuntimeError):
    """A home without marts; the message says what to do."""


class ProvisioningFailed(RuntimeError):
    """Superset did not take what is declared; the message says where it says why."""


def environment() -> dict[str, str]:
    """What Superset's processes need to find these settings, and to send nothing home."""
    return {
        "SUPERSET_CONFIG_PATH": str(CONFIG),
        "FLASK_APP": "superset",
        "PYTHONPATH": str(REPOSITORY),
        "SCARF_ANALYTICS": "false",
        "DO_NOT_TRACK": "1",
    }


def files(settings: Settings, declared: Declared | None = None) -> dict[str, str]:
    """The bundle for this home's marts. Raises NothingPublished."""
    declared = declared or read()
    if not settings.marts_path.exists():
        raise NothingPublished(f"{settings.marts_path} does not exist yet; `make run` publishes it.")
    project = yaml.safe_load((REPOSITORY / "dbt_project" / "dbt_project.yml").read_text())
    with confinement.opened(settings.marts_path, read_only=True) as connection:
        columns = {name: columns_of(connection, dataset) for name, dataset in declared.datasets.items()}
    limits = {"memory_limit": settings.memory_limit, "threads": settings.threads}
    return bundle.files(
        declared,
        columns,
        marts=settings.marts_path,
        currency=project["vars"]["reporting_currency"],
        limits=limits,
    )


def columns_of(connection: duckdb.DuckDBPyConnection, dataset: Dataset) -> dict[str, tuple[str, str | None]]:
    """Types of a dataset's columns, and what the marts behind it say of those that keep their name."""
    said = dict(
        connection.execute(
            "select column_name, any_value(comment) from duckdb_columns() where table_name in (select unnest(?))"
            " group by all",
            [sorted(dataset.marts)],
        ).fetchall()
    )
    described = connection.execute(f"describe {dataset.rendered()}").fetchall()
    return {name: (kind, said.get(name)) for name, kind, *_ in described}


def provision(settings: Settings, say: Callable[[str], None]) -> bool:
    """Make or update Superset's database of this home. Returns whether there was anything to do.

    What Superset says while at it goes to `<home>/bi/provision.log`. Raises NothingPublished, ProvisioningFailed.
    """
    kept = state.of(settings)
    wanted = files(settings)
    fingerprint = _fingerprint(wanted)
    if kept.database.exists() and kept.provisioned.exists() and kept.provisioned.read_text() == fingerprint:
        return False
    say("Preparing Superset; the first time this takes about half a minute ...")
    kept.provisioned.unlink(missing_ok=True)
    # A process of its own: Superset writes to every stream that it finds, and its start changes the process.
    with kept.log.open("w") as log:
        environ = {**os.environ, **environment()}
        command = [sys.executable, "-m", "bi.provision"]
        ended = subprocess.run(command, cwd=REPOSITORY, env=environ, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    if ended.returncode:
        raise ProvisioningFailed(
            f"Superset could not be prepared; {kept.log} says why. If its database is damaged, remove {kept.folder} "
            "and try again: everything in it is made anew, except what people saved there."
        )
    kept.provisioned.write_text(fingerprint)
    return True


def _import(settings: Settings) -> None:
    """Bring schema, roles, login and dashboards up to date, in this process, which is Superset's own."""
    os.umask(0o077)
    import flask_migrate
    from flask import g
    from superset.app import create_app

    kept = state.of(settings)
    app = create_app()
    with app.app_context():
        from superset import security_manager
        from superset.commands.importers.v1.assets import ImportAssetsCommand

        flask_migrate.upgrade(directory=str(Path(app.root_path) / "migrations"))
        app.appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        g.user = security_manager.find_user(state.USER) or security_manager.add_user(
            state.USER, "BI", "admin", "admin@localhost", security_manager.find_role("Admin"), password=kept.password
        )
        ImportAssetsCommand(files(settings)).run()


def _fingerprint(wanted: dict[str, str]) -> str:
    said = [version("apache-superset"), *(f"{name}\n{text}" for name, text in sorted(wanted.items()))]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


if __name__ == "__main__":
    _import(Settings.from_environment())
