"""Whether sources still deliver: each is held against its own habit.

Belongs here: the judgement, and how it shows as a check. Does not belong here: when somebody is told (`sensors.py`,
`health.py`). A source is stale when nothing has come for longer than MICRO_CONVERSIONS_STALE_AFTER_HOURS and for longer
than three times the usual (median) gap between the days on which something came. Declarations come when somebody has
something to say, and are never stale.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import dagster as dg
import duckdb

from orchestration.sources import Source

CHECK = "fresh"
_GAPS_BEYOND_HABIT = 3

# Whatever came in counts, also what was held back: that is another matter.
_ARRIVALS = """
    with days as (select distinct source, cast(seen_at as date) as day_on from {exports}),
    gaps as (
        select source, day_on - lag(day_on) over (partition by source order by day_on) as days from days
    ),
    habits as (select source, median(days) as usual_days from gaps group by source)
    select exports.source, max(exports.seen_at), any_value(habits.usual_days)
    from {exports} as exports left join habits using (source)
    group by exports.source
"""


class Freshness(NamedTuple):
    """When something of a source last came, and until when that is recent enough (UTC)."""

    newest_at: datetime
    fresh_until: datetime

    def is_stale(self, now: datetime) -> bool:
        """Whether something should have come by now."""
        return now > self.fresh_until


def of_sources(
    connection: duckdb.DuckDBPyConnection,
    exports: str,
    stale_after_hours: float,
    sources: Mapping[str, Source],
) -> dict[str, Freshness]:
    """The freshness of every source of events that ever delivered; `exports` is the table that knows."""
    found = {}
    for source, newest_at, usual_days in connection.execute(_ARRIVALS.format(exports=exports)).fetchall():
        if source in sources and sources[source].kind != "reference":
            habit = timedelta(days=_GAPS_BEYOND_HABIT * (usual_days or 0))
            found[source] = Freshness(newest_at, newest_at + max(timedelta(hours=stale_after_hours), habit))
    return found


def spec(key: dg.AssetKey) -> dg.AssetCheckSpec:
    """The check of a source. It blocks nothing: what is there is still good."""
    return dg.AssetCheckSpec(
        CHECK, asset=key, blocking=False, description="The source delivers as often as it usually does."
    )


def result(key: dg.AssetKey, found: Freshness | None, now: datetime) -> dg.AssetCheckResult:
    """The check's result; a source that never delivered passes."""
    return dg.AssetCheckResult(
        asset_key=key, check_name=CHECK, severity=dg.AssetCheckSeverity.WARN, **_told(found, now)
    )


def evaluation(key: dg.AssetKey, found: Freshness, now: datetime) -> dg.AssetCheckEvaluation:
    """The same between two runs."""
    told = _told(found, now)
    return dg.AssetCheckEvaluation(
        asset_key=key,
        check_name=CHECK,
        passed=told["passed"],
        description=told["description"],
        severity=dg.AssetCheckSeverity.WARN,
        metadata=told["metadata"],
    )


def _told(found: Freshness | None, now: datetime) -> dict:
    if found is None:
        never = {"newest_export_at": dg.MetadataValue.text("never")}
        return {"passed": True, "description": "Nothing has ever come of this source.", "metadata": never}
    metadata = {
        "newest_export_at": dg.MetadataValue.timestamp(found.newest_at.replace(tzinfo=UTC)),
        "next_expected_by": dg.MetadataValue.timestamp(found.fresh_until.replace(tzinfo=UTC)),
    }
    told = f"The newest export came at {found.newest_at:%Y-%m-%d %H:%M} UTC"
    if found.is_stale(now):
        told += f"; another one was to be expected by {found.fresh_until:%Y-%m-%d %H:%M}"
    return {"passed": not found.is_stale(now), "description": f"{told}.", "metadata": metadata}
