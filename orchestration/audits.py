"""Running the suites of a gate and remembering what they observed.

Belongs here: which table a suite looks at, where its outcomes go (history, Data Docs). Does not belong here: the
verdict (`gates.py`), Great Expectations itself (`checks/great.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb

from orchestration.checks.outcome import Outcome
from orchestration.checks.suites import Suite
from orchestration.relations import Relation
from orchestration.settings import Settings


def audit_relations(settings: Settings, suites: Iterable[Suite], guarded: Iterable[Relation]) -> list[Outcome]:
    """The outcomes of each suite on the relation it guards. The warehouse must be held and closed by the caller."""
    raise NotImplementedError


def remember(connection: duckdb.DuckDBPyConnection, settings: Settings, outcomes: Sequence[Outcome], *, run_id: str):
    """Write outcomes to the check history."""
    raise NotImplementedError
