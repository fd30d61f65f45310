"""dbt in the same process: the manifest, the runs, and what they observed.

Belongs here: how dbt is called. Does not belong here: which models exist (`dbt_project/`) and how they show in Dagster
(`assets/models.py`). dbt's own command line costs seconds of start-up a call; one runner in a warm process that is
handed its manifest does not.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from filelock import FileLock

from orchestration.relations import Relation
from orchestration.settings import REPOSITORY, Settings

PROJECT = REPOSITORY / "dbt_project"
_BUILT = ("model", "seed")
_CHOSEN = "chosen_for_this_run"
_PROJECT_FILES = ("*.sql", "*.py", "*.yml", "*.csv", "*.md")


class DbtError(RuntimeError):
    """A dbt command that failed; the message names the models and what the database said."""


@dataclass(frozen=True)
class Dbt:
    """dbt on one home's warehouse. The warehouse must be held by the caller (`Warehouse.exclusive`)."""

    settings: Settings
    project: Path = PROJECT

    @property
    def manifest_path(self) -> Path:
        """The parsed project, shared by every home and made anew when a file of the project changes."""
        return self.project / "target" / "manifest.json"

    @property
    def run_target(self) -> Path:
        """Where runs of this home leave compiled SQL."""
        return self.settings.home / "dbt"

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """dbt's manifest as a dictionary. Parses the project where the stored one is missing or stale."""
        return _as_dictionary(self.manifest_path, self.prepare())

    def prepare(self) -> str:
        """Parse the project unless the stored manifest still fits it. Safe to call from several processes.

        Returns the project's fingerprint.
        """
        target = self.manifest_path.parent
        target.mkdir(parents=True, exist_ok=True)
        stamp = target / "manifest.fingerprint"
        fingerprint = _fingerprint(self.project)
        with FileLock(target / "manifest.lock"):
            if not (self.manifest_path.exists() and stamp.exists() and stamp.read_text() == fingerprint):
                self._invoke(["parse"], target_path=target, manifest=None)
                stamp.write_text(fingerprint)
        return fingerprint

    def build(
        self,
        names: Iterable[str],
        *,
        empty: bool = False,
        full_refresh: bool = False,
        on_node: Callable[[str, str], None] | None = None,
    ) -> None:
        """Build seeds and models by name, upstream first.

        `empty` makes tables with their columns and no rows, `full_refresh` incremental ones from the beginning.
        `on_node` is told the name and status of each as it ends.
        Raises DbtError naming what failed.
        """
        names = set(names)
        if not names:
            return
        # What ran stands in Dagster's events: writing the manifest and the results as well would take seconds.
        arguments = ["--no-write-json", "build"]
        arguments += ["--select", f"tag:{_CHOSEN}"]
        arguments += ["--vars", json.dumps({"now": self.settings.now().isoformat()})]
        if empty:
            arguments.append("--empty")
        if full_refresh:
            arguments.append("--full-refresh")

        def listen(event) -> None:
            if event.info.name == "NodeFinished" and on_node is not None:
                on_node(event.data.node_info.node_name, event.data.node_info.node_status)

        with _chosen(self._loaded_manifest, names) as manifest:
            result = self._invoke(arguments, target_path=self.run_target, manifest=manifest, listen=listen)
        failed = [f"{r.node.name}: {r.message}" for r in result.result if r.status not in ("success", "skipped")]
        if failed:
            raise DbtError("dbt could not build " + "; ".join(failed))

    def build_absent(self, absent: Iterable[Relation]) -> None:
        """Make relations that a selection needs and the warehouse lacks.

        What declarations alone make, and views, are built as they are; a table of events is made without rows.
        """
        absent = list(absent)
        self.build(relation.name for relation in absent if relation.is_declared)
        of_events = [relation for relation in absent if not relation.is_declared]
        self.build((relation.name for relation in of_events), empty=True)
        # `--empty` wrote its limit into the views' own SQL, and some of them stand on tables made just now.
        self.build(relation.name for relation in of_events if relation.kind == "view")

    def document(self, folder: Path) -> None:
        """Write dbt's page of documentation, `static_index.html`, into a folder that holds a `manifest.json`.

        Raises DbtError.
        """
        arguments = ["docs", "generate", "--no-compile", "--static"]
        self._invoke(arguments, target_path=folder, manifest=self._loaded_manifest)

    @cached_property
    def _loaded_manifest(self):
        return _as_dbt_has_it(self.manifest_path, self.prepare())

    def _invoke(self, arguments, *, target_path: Path, manifest, listen=None):
        from dbt.cli.main import dbtRunner

        flags = ["--quiet", "--log-level", "none", "--log-level-file", "none", "--no-send-anonymous-usage-stats"]
        places = ["--project-dir", str(self.project), "--profiles-dir", str(self.project)]
        places += ["--target-path", str(target_path), "--target", self.settings.target]
        with _environment(self._environment):
            try:
                result = dbtRunner(manifest=manifest, callbacks=[listen] if listen else []).invoke(
                    [*flags, *arguments, *places]
                )
            finally:
                _let_go_of_the_warehouse()
        if result.exception:
            raise DbtError(f"dbt {arguments[0]} failed: {result.exception}") from result.exception
        return result

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "MICRO_CONVERSIONS_WAREHOUSE": str(self.settings.warehouse_path),
            "MICRO_CONVERSIONS_DUCKDB_MEMORY": self.settings.memory_limit,
            "MICRO_CONVERSIONS_THREADS": str(self.settings.threads),
            "MICRO_CONVERSIONS_SPILL": str(self.settings.work / "spill"),
            "MICRO_CONVERSIONS_SEEDS": str(self.project / "seeds"),
            "DO_NOT_TRACK": "1",
        }


@contextmanager
def _chosen(manifest, names: Collection[str]) -> Iterator:
    """The manifest with a tag on the models and seeds of these names: dbt holds each name it is told against every node
    of the project, three times over, and a tag once."""
    chosen = [node for node in manifest.nodes.values() if node.name in names]
    for node in chosen:
        node.tags.append(_CHOSEN)
    try:
        yield manifest
    finally:
        for node in chosen:
            node.tags.remove(_CHOSEN)


# A process that serves several homes, as the tests do, reads one project's manifest once.
@lru_cache(maxsize=2)
def _as_dictionary(path: Path, fingerprint: str) -> Mapping[str, Any]:
    return json.loads(path.read_text())


@lru_cache(maxsize=2)
def _as_dbt_has_it(path: Path, fingerprint: str):
    from dbt.contracts.graph.manifest import Manifest, WritableManifest

    manifest = Manifest.from_writable_manifest(WritableManifest.read_and_check_versions(str(path)))
    # Its own tests are run from dbt's command line, never with the models: without them the graph is a third as large.
    manifest.nodes = {key: node for key, node in manifest.nodes.items() if node.resource_type in _BUILT}
    manifest.unit_tests = {}
    return manifest


def _let_go_of_the_warehouse() -> None:
    """Close the database that dbt keeps open from one model to the next."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    if DuckDBConnectionManager._ENV is not None:
        DuckDBConnectionManager._ENV.close()


@contextmanager
def _environment(values: Mapping[str, str]):
    """dbt's profile reads the environment: set it for the call, put it back after."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _fingerprint(project: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for pattern in _PROJECT_FILES for p in project.rglob(pattern)):
        relative = path.relative_to(project)
        if relative.parts[0] not in ("target", "logs"):
            digest.update(f"{relative}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()
