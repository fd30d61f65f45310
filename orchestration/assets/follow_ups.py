"""The outbox as an asset: follow-ups delivered, as the last step of the run that publishes the marts behind them.

Belongs here: how a delivery shows in Dagster, and that the published queue knows of it. Does not belong here: sending
(`follow_ups/`), and who is due (dbt). A target that fails shows in the check `delivered`, which blocks nothing; the
marts are published before.
"""

from collections.abc import Iterator, Mapping

import dagster as dg
import duckdb

from orchestration import audits, gates, progress, relations, steps
from orchestration.assets import OWNERS, WAREHOUSE_POOL, published
from orchestration.checks.history import record_outcomes
from orchestration.checks.suites import Suite
from orchestration.dbt import Dbt
from orchestration.exports import ledger
from orchestration.follow_ups import look, record
from orchestration.follow_ups.delivery import Delivered, deliver
from orchestration.follow_ups.targets import Target, build_target
from orchestration.resources import Warehouse
from orchestration.settings import Settings

KEY = dg.AssetKey(["outbox", "follow_ups"])
CHECK = "delivered"
# What knows of deliveries, and what of it moves with time alone.
OF_DELIVERIES = ("follow_ups", "trigger_latency")
AS_OF_NOW = ("int_follow_up_candidates", *OF_DELIVERIES)


def build_follow_up_asset(
    settings: Settings, dbt: Dbt, suites: Mapping[str, Suite], target: Target | None = None
) -> dg.AssetsDefinition:
    """`outbox/follow_ups`, downstream of the published marts; `target` replaces the one that the settings name."""
    declared = relations.declared_relations(dbt.manifest)

    @dg.asset(
        key=KEY,
        deps=[published.KEY, *(dg.AssetKey([declared[name].schema, name]) for name in OF_DELIVERIES)],
        group_name="publication",
        owners=OWNERS,
        kinds={"file" if settings.follow_up_target == "files" else "api"},
        pool=WAREHOUSE_POOL,
        description="Follow-ups on micro-conversions, delivered to whatever acts on them: files in `outbox/`, a "
        "webhook, or Segment-style track calls. At least once, with a key by which the receiver knows each again.",
        check_specs=[
            dg.AssetCheckSpec(
                CHECK, asset=KEY, blocking=False, description="Every follow-up that is due was taken by its target."
            )
        ],
    )
    @steps.carried_out(settings)
    def follow_ups(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator:
        with warehouse.exclusive():
            with warehouse.get_connection() as connection:
                ledger.create_schema(connection)
                for gate in (gates.CANONICAL_EVENTS, gates.MARTS):
                    gates.require(connection, gate)
                absent = relations.missing(connection, declared.values())
            dbt.build_absent(absent)
            look.mark(settings.home, settings.now())
            with warehouse.get_connection() as connection:
                chosen = target or build_target(settings)
                record.remember_due(connection, settings.home, settings.now())
                report = deliver(connection, chosen, context.run_id, settings.now)
            if report.delivered:
                _publish_deliveries(context.run_id, settings, dbt, suites, warehouse, declared)
            with warehouse.get_connection() as connection:
                left = record.undelivered(connection, chosen.name, settings.now())
            look.mark(settings.home, left.look_at)
        if report.delivered or left.due:
            progress.to(context.log)(f"follow-ups: {report.delivered:,} delivered to {chosen.name}, {left.due:,} left")
        yield dg.MaterializeResult(metadata=_metadata(chosen, report, left))
        yield dg.AssetCheckResult(
            check_name=CHECK,
            passed=left.due == 0,
            severity=dg.AssetCheckSeverity.WARN,
            description=_in_words(left),
            metadata={"undelivered": left.due, "tried_in_vain": left.failed},
        )

    return follow_ups


def delivery_keys(dbt: Dbt) -> list[dg.AssetKey]:
    """The assets of a delivery by itself: the queue as of now, and the outbox."""
    declared = relations.declared_relations(dbt.manifest)
    return [*(dg.AssetKey([declared[name].schema, name]) for name in AS_OF_NOW), KEY]


def _publish_deliveries(
    run_id: str,
    settings: Settings,
    dbt: Dbt,
    suites: Mapping[str, Suite],
    warehouse: Warehouse,
    declared: Mapping[str, relations.Relation],
) -> None:
    """Rebuild, check and publish the marts that tell of deliveries."""
    dbt.build(OF_DELIVERIES)
    outcomes = audits.audit_relations(settings, [(suites[name], declared[name]) for name in OF_DELIVERIES])
    with warehouse.get_connection() as connection:
        reason = gates.refusal(gates.MARTS, outcomes, [])
        record_outcomes(connection, outcomes, run_id=run_id, checked_at=settings.now())
        if reason:
            _refuse(connection, settings, run_id, reason)
        published.publish(connection, settings, dbt, run_id)


def _refuse(connection: duckdb.DuckDBPyConnection, settings: Settings, run_id: str, reason: str) -> None:
    before = gates.verdict(connection, gates.MARTS)
    verdict = gates.Verdict(gates.MARTS, "refused", reason, before.due_token if before else None)
    gates.record(connection, verdict, run_id=run_id, now=settings.now())
    raise gates.GateRefused(reason)


def _metadata(target: Target, report: Delivered, left: record.Undelivered) -> dict[str, object]:
    metadata: dict[str, object] = {
        "target": target.name,
        "delivered": report.delivered,
        "failed": report.failed,
        "undelivered": left.due,
        "due_later": left.waiting,
    }
    if left.look_at:
        metadata["next_look"] = f"{left.look_at:%Y-%m-%d %H:%M:%S} UTC"
    if left.problems:
        rows = [dg.TableRecord({"problem": problem, "follow_ups": count}) for problem, count in left.problems]
        metadata["problems"] = dg.MetadataValue.table(rows)
    return metadata


def _in_words(left: record.Undelivered) -> str:
    if not left.due:
        return "Nothing is left undelivered."
    problems = ", ".join(f"{problem} ({count:,})" for problem, count in left.problems)
    again = f" Tried again from {left.look_at:%Y-%m-%d %H:%M:%S} UTC on." if left.look_at else ""
    return f"Undelivered: {left.due:,}{': ' + problems if problems else ''}.{again}"
