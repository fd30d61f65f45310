"""Running the suites of a gate and remembering what they observed.

Belongs here: which table a suite looks at, and where its outcomes go (history, Data Docs). Does not belong here: the
verdict (`gates.py`), Great Expectations itself (`checks/great.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from orchestration.checks.data_docs import build_data_docs
from orchestration.checks.great import audit_exports, run_suites
from orchestration.checks.history import record_outcomes
from orchestration.checks.outcome import Outcome
from orchestration.checks.suites import Suite
from orchestration.relations import Relation
from orchestration.settings import Settings


def audit_profile(settings: Settings, suite: Suite, profile: Path) -> list[Outcome]:
    """The first gate: the outcomes of a source's suite on each export of a candidate's profile (Parquet)."""
    return audit_exports(suite, profile, parameters=_parameters(settings))


def audit_relations(settings: Settings, guarded: Iterable[tuple[Suite, Relation]]) -> list[Outcome]:
    """The later gates: the outcomes of each suite on its relation. The warehouse must be held, and closed."""
    return run_suites(
        [(suite, f"{relation.schema}.{relation.name}") for suite, relation in guarded],
        database=settings.warehouse_path,
        parameters=_parameters(settings),
        config={
            "memory_limit": settings.memory_limit,
            "threads": settings.threads,
            "enable_external_access": False,  # a suite looks at the warehouse and at no file
        },
    )


def remember(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    suites: Mapping[str, Suite],
    outcomes: Sequence[Outcome],
    *,
    run_id: str,
) -> None:
    """Write outcomes to the check history and show them in the Data Docs."""
    record_outcomes(connection, outcomes, run_id=run_id, checked_at=settings.now())
    if outcomes:
        build_data_docs(settings.data_docs, suites, outcomes, checked_at=settings.now())


def _parameters(settings: Settings) -> dict[str, Any]:
    return {"now": settings.now(), "unreadable_share_limit": settings.unreadable_share_limit}
