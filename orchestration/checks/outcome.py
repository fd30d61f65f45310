"""What one expectation observed: the form in which checks travel to gates, the history and Dagster."""

from __future__ import annotations

from dataclasses import dataclass

# As many exports as a person can look into.
MOST_INVOLVED = 20


@dataclass(frozen=True)
class Outcome:
    """One expectation's outcome on one batch.

    `batch` is the export_id at the first gate and '' elsewhere. `observed` is a short text of counts and aggregates,
    never a personal value. `unexpected_count` counts rows, None where the expectation speaks of the whole table.
    `severity` is critical (blocks) or warning. `involved` names the exports behind the unexpected rows, that with most
    of them first, as far as they can be told; at most `MOST_INVOLVED`.
    """

    suite: str
    batch: str
    expectation: str
    column_name: str | None
    success: bool
    observed: str
    unexpected_count: int | None
    severity: str
    description: str
    involved: tuple[str, ...] = ()

    @property
    def refuses(self) -> bool:
        """Whether this outcome alone makes a gate refuse."""
        return not self.success and self.severity == "critical"
