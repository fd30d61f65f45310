"""What becomes of an export: published, or held back for a reason that a person understands.

Belongs here: the decision, a pure function of an export's profile and of what the first gate observed. Does not belong
here: acting on it (`publishing.py`, `quarantine.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from orchestration.checks.outcome import Outcome

PUBLISHED = "published"
QUARANTINED = "quarantined"


class Decision(NamedTuple):
    """A status of the ledger, and why an export, or some of its records, are held; `reason` is None where none are."""

    status: str
    reason: str | None = None


def held(reason: str) -> Decision:
    """An export that is held back whole."""
    return Decision(QUARANTINED, reason)


def unclaimed(name: str, sources: Collection[str]) -> Decision:
    """A file that lies outside every source's folder, at `landing/<name>`."""
    folder, _, below = name.partition("/")
    where = f"nothing reads landing/{folder}" if below else "the file lies beside the sources' folders"
    return held(f"no source: {where}. Move the file to landing/<source>; sources are {', '.join(sorted(sources))}")


def decide(
    profile: Mapping[str, Any],
    refusals: Sequence[Outcome],
    problems: Mapping[str, int],
    sources: Collection[str] = (),
) -> Decision:
    """Judge one export by its profile's row (`candidates.py`), its refusals and its records' problems by frequency.

    `sources` are those that have a folder in the landing zone, for the advice where to put another vendor's file.

    The first gate decides; what no suite may let through (nothing inside, more unreadable records than the setting
    allows) is held also where a suite forgot to ask.
    """
    if profile["records"] == 0:
        return held("empty: the file holds no records")
    records, rejected, foreign = profile["records"], profile["rejected"], profile["foreign_records"]
    worst = ", ".join(f"{problem} ({count:,})" for problem, count in problems.items())
    beyond_limit = profile["rejected_share"] > profile["rejected_share_limit"]
    if not refusals and not beyond_limit:
        return Decision(PUBLISHED, f"{rejected:,} of {records:,} records held back: {worst}" if rejected else None)
    if foreign > records * profile["rejected_share_limit"]:
        vendor = profile["foreign_source"]
        return held(
            f"foreign: {foreign:,} of {records:,} records look like {vendor}, and this is the folder of "
            f"{profile['source']}. "
            + (f"Move the file to landing/{vendor}" if vendor in sources else f"Nothing reads {vendor} here yet")
        )
    reasons = []
    if beyond_limit:
        reasons.append(
            f"unreadable: {rejected:,} of {records:,} records, more than {profile['rejected_share_limit']:.0%}: {worst}"
        )
        refusals = [outcome for outcome in refusals if outcome.column_name != "rejected_share"]  # said already
    reasons += [f"{outcome.description or outcome.expectation} (observed: {outcome.observed})" for outcome in refusals]
    return held("; ".join(dict.fromkeys(reasons)))


def refusals_by_export(outcomes: Iterable[Outcome], export_ids: Iterable[str]) -> dict[str, list[Outcome]]:
    """The refusing outcomes of each export. One that names none of them speaks of all: the gate fails closed."""
    by_export: dict[str, list[Outcome]] = {export_id: [] for export_id in export_ids}
    for outcome in outcomes:
        if outcome.refuses:
            concerned = [e for e in (outcome.batch, *outcome.involved) if e in by_export] or list(by_export)
            for export_id in dict.fromkeys(concerned):
                by_export[export_id].append(outcome)
    return by_export
