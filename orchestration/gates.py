"""The verdicts of the second and third gate, kept in the warehouse, and what a refusal says.

Belongs here: who may build on what. Does not belong here: the checks themselves (`checks/`). A verdict is recorded
beside the data it speaks of, so that any selection of assets, in any run, meets it: nothing is built on refused events
and nothing refused is published, also when only a part is materialised from the UI.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from orchestration.checks.masks import masked
from orchestration.checks.outcome import Outcome

CANONICAL_EVENTS = "canonical events"
MARTS = "marts"

_DDL = """
    create schema if not exists pipeline;
    create table if not exists pipeline.gates (
        gate varchar, state varchar, reason varchar, due_token varchar, run_id varchar, checked_at timestamp
    );
"""


class GateRefused(RuntimeError):
    """A gate stands between what was asked for and the data it needs; the message says why and what to do."""


@dataclass(frozen=True)
class Verdict:
    """`state` is passed, refused or open (being rebuilt, or a run ended before its checks did).

    `due_token` is the mark of `due.py` that stood when the build began: what the build knows of.
    """

    gate: str
    state: str
    reason: str | None = None
    due_token: str | None = None


def verdict(connection: duckdb.DuckDBPyConnection, gate: str) -> Verdict | None:
    """The newest verdict of a gate, None where the thing it guards was never built."""
    connection.execute(_DDL)
    row = connection.execute("select state, reason, due_token from pipeline.gates where gate = ?", [gate]).fetchone()
    return Verdict(gate, *row) if row else None


def record(connection: duckdb.DuckDBPyConnection, verdict: Verdict, *, run_id: str, now) -> None:
    """Put a verdict in the place of the gate's former one, in one transaction."""
    connection.execute(_DDL)
    connection.begin()
    connection.execute("delete from pipeline.gates where gate = ?", [verdict.gate])
    connection.execute(
        "insert into pipeline.gates values (?, ?, ?, ?, ?, ?)",
        [verdict.gate, verdict.state, verdict.reason, verdict.due_token, run_id, now],
    )
    connection.commit()


def require(connection: duckdb.DuckDBPyConnection, gate: str) -> None:
    """Raise GateRefused unless what the gate guards passed, or was never built."""
    found = verdict(connection, gate)
    if found is None or found.state == "passed":
        return
    if found.state == "open":
        raise GateRefused(
            f"The {gate} were left half checked by a run that ended early. Materialise them again: start the job "
            "'exports_to_marts', or select their assets too."
        )
    raise GateRefused(found.reason)


def refusal(gate: str, outcomes: Sequence[Outcome], newest_exports: Sequence[tuple[str, str]]) -> str | None:
    """Why a gate refuses, in plain words; None where every critical expectation holds.

    `newest_exports` are (export_id, file name) of what came in since the last publication: the exports to suspect where
    an expectation cannot say itself which rows, and so which exports, broke it.
    """
    failed = [outcome for outcome in outcomes if not outcome.success and outcome.severity == "critical"]
    if not failed:
        return None
    names = dict(newest_exports)
    involved = sorted({export_id for outcome in failed for export_id in outcome.involved}) or sorted(names)
    lines = [f"The gate of the {gate} refused:"]
    lines += [f"- {o.suite}: {o.description or o.expectation} (observed: {o.observed})" for o in failed]
    lines.append(
        "Exports involved: " + (", ".join(f"{e} {masked(names.get(e, ''))}".strip() for e in involved) or "none new")
    )
    lines.append(
        "Nothing was published; the marts of the last publication stand. Withdraw an export with "
        "`make withdraw EXPORT=<export_id>` or the job 'withdraw_export', or mend the declaration that led to this."
    )
    return "\n".join(lines)
