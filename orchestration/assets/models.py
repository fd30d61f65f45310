"""The dbt models as assets, in two steps with a gate after each.

Belongs here: how models show in Dagster and which gate follows which. Does not belong here: how dbt is called
(`orchestration/dbt.py`), what the gates check (`expectations/suites`).

The first step builds seeds, staging and the canonical events and ends with the second gate, the second builds the rest
and ends with the third. A step builds whatever subset of its assets was selected.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator

from orchestration import audits, due, gates, increments, progress, relations, steps
from orchestration.assets import OWNERS, WAREHOUSE_POOL
from orchestration.checks import factory
from orchestration.checks.suites import Suite
from orchestration.dbt import Dbt
from orchestration.exports import ledger
from orchestration.lineage import ColumnLineage
from orchestration.relations import Relation
from orchestration.resources import Warehouse
from orchestration.sensors import REFUSED_TAG
from orchestration.settings import Settings

CANONICAL_MODELS = ("int_email_events", "int_site_events")
# Written by the loader together with raw: they show as part of raw, not as assets of their own.
_LOADER_SCHEMAS = ("restricted", "retained", "pipeline")


class Translator(DagsterDbtTranslator):
    """Shows a model under its schema and name, in the group of its folder."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """`raw/<source>` for sources, `<schema>/<name>` for the rest."""
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The folder a model lies in: staging, intermediate, micro_conversions, funnels, segments, trust."""
        folders = dbt_resource_props["fqn"][1:-1]
        if dbt_resource_props["resource_type"] == "seed":
            return "declarations"
        return folders[1] if folders[0] == "marts" else folders[0]

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str]:
        """One team owns the project."""
        return OWNERS

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The model's own description; its SQL is one click away in the repository."""
        return dbt_resource_props["description"]


class Building(dg.Config):
    """How a step builds: `full_refresh` reads every export again, the ones that earlier runs have read included."""

    full_refresh: bool = False


@dataclass(frozen=True)
class Step:
    """A step's relations by asset key, the suites that guard them, and the gates before and after.

    `reads` are the relations that its models and suites may read: its own, and those of the steps before.
    """

    name: str
    relations: Mapping[dg.AssetKey, Relation]
    reads: Sequence[Relation]
    suites: Mapping[dg.AssetKey, Suite]
    gate: str
    gate_before: str | None

    @property
    def guarded(self) -> list[tuple[Suite, Relation]]:
        """Each suite with the relation it looks at."""
        return [(suite, self.relations[key]) for key, suite in self.suites.items()]


def build_model_assets(settings: Settings, dbt: Dbt, suites: Mapping[str, Suite]) -> list[dg.AssetsDefinition]:
    """The two steps. Parses the dbt project if its manifest is missing or stale."""
    declared = relations.declared_relations(dbt.manifest)
    early = _canonical_names(dbt.manifest, declared)
    translator = Translator()
    steps = []
    for name, gate, gate_before, names in (
        ("canonical_events", gates.CANONICAL_EVENTS, None, early),
        ("marts", gates.MARTS, gates.CANONICAL_EVENTS, declared.keys() - early),
    ):
        specs = _upstream_first([_spec(translator, dbt.manifest, declared[relation]) for relation in sorted(names)])
        by_key = {spec.key: declared[spec.key.path[-1]] for spec in specs}
        guarded = {key: suites[relation.name] for key, relation in by_key.items() if relation.name in suites}
        reads = [relation for relation in declared.values() if gate_before or relation.name in names]
        step = Step(name, by_key, reads, guarded, gate, gate_before)
        steps.append(_step_assets(settings, dbt, translator, specs, step, suites))
    return steps


def _step_assets(
    settings: Settings,
    dbt: Dbt,
    translator: Translator,
    specs: Sequence[dg.AssetSpec],
    step: Step,
    suites: Mapping[str, Suite],
) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=step.name,
        specs=specs,
        check_specs=[spec for key, suite in step.suites.items() for spec in factory.asset_check_specs(key, suite)],
        can_subset=True,
        pool=WAREHOUSE_POOL,
    )
    @steps.carried_out(settings)
    def build(context: dg.AssetExecutionContext, config: Building, warehouse: Warehouse) -> Iterator:
        selected = [relation for key, relation in step.relations.items() if key in context.selected_asset_keys]
        chosen_checks = context.selected_asset_check_keys
        say = progress.to(context.log)
        with warehouse.exclusive():
            with warehouse.get_connection() as connection:
                ledger.create_schema(connection)
                seen_due = due.token(settings.home)
                if step.gate_before:
                    gates.require(connection, step.gate_before)
                    before = gates.verdict(connection, step.gate_before)
                    seen_due = before.due_token if before else None  # the marts know what their events know
                absent = relations.missing(connection, step.reads)
                if all(relation in selected for relation in absent):
                    absent = []  # the build makes them
                guarded = [relation for _, relation in step.guarded]
                rebuilds_guarded = any(relation in guarded for relation in [*selected, *absent])
                if rebuilds_guarded:
                    _record(connection, settings, context.run_id, gates.Verdict(step.gate, "open", None, seen_due))
                if any(increments.is_kept(relation) for relation in absent):
                    increments.start_over(connection)
            dbt.build_absent(absent)
            say(f"{step.gate}: building {len(selected)} models")
            progress_of_models = progress.Counted(say, f"{step.gate}: {{}} of {len(selected)} models built")

            def on_node(name: str, status: str) -> None:
                context.log.info(f"{name}: {status}")
                progress_of_models.add()

            increments.build(
                dbt,
                warehouse.get_connection,
                [relation.name for relation in selected],
                full_refresh=config.full_refresh,
                on_node=on_node,
            )
            yield from _materializations(context, settings, dbt, translator, warehouse, step)
            if not rebuilds_guarded:
                return
            outcomes = audits.audit_relations(settings, step.guarded)
            say(f"{step.gate}: {sum(o.success for o in outcomes):,} of {len(outcomes):,} expectations hold")
            with warehouse.get_connection() as connection:
                reason = gates.refusal(step.gate, outcomes, ledger.exports_since_publication(connection))
                verdict = gates.Verdict(step.gate, "refused" if reason else "passed", reason, seen_due)
                _record(connection, settings, context.run_id, verdict)
                audits.remember(connection, settings, suites, outcomes, run_id=context.run_id)
        if reason:
            context.instance.add_run_tags(context.run_id, {REFUSED_TAG: step.gate})
        for key, suite in step.suites.items():
            for result in factory.asset_check_results(key, suite, outcomes, data_docs=settings.data_docs_url):
                if dg.AssetCheckKey(key, result.check_name) in chosen_checks:
                    yield result
        if reason:
            raise gates.GateRefused(reason)

    return build


def _record(connection, settings: Settings, run_id: str, verdict: gates.Verdict) -> None:
    gates.record(connection, verdict, run_id=run_id, now=settings.now())


def _materializations(context, settings, dbt, translator, warehouse, step: Step) -> Iterator[dg.MaterializeResult]:
    with warehouse.get_connection() as connection:
        columns = relations.columns(connection)
        rows = {
            key: relations.row_count(connection, relation)
            for key, relation in step.relations.items()
            if key in context.selected_asset_keys
        }
    lineage = ColumnLineage(dbt, translator, columns)
    for key, relation in step.relations.items():
        if key not in context.selected_asset_keys:
            continue
        schema = dg.TableSchema(
            columns=[
                dg.TableColumn(name, data_type, _column_description(dbt.manifest, relation, name))
                for name, data_type in columns[f"{relation.schema}.{relation.name}"].items()
            ]
        )
        metadata: dict[str, Any] = {"dagster/column_schema": schema, **lineage.metadata(relation)}
        if key in rows:
            metadata["dagster/row_count"] = rows[key]
        yield dg.MaterializeResult(asset_key=key, metadata=metadata)
    lineage.remember()


def _column_description(manifest: Mapping[str, Any], relation: Relation, column: str) -> str | None:
    return manifest["nodes"][relation.unique_id]["columns"].get(column, {}).get("description") or None


def _spec(translator: Translator, manifest: Mapping[str, Any], relation: Relation) -> dg.AssetSpec:
    spec = translator.get_asset_spec(manifest, relation.unique_id, None)
    return spec.replace_attributes(
        deps=[dep for dep in spec.deps if dep.asset_key.path[0] not in _LOADER_SCHEMAS],
        kinds={"dbt", "duckdb", _kind(manifest, relation)},
    )


def _kind(manifest: Mapping[str, Any], relation: Relation) -> str:
    language = manifest["nodes"][relation.unique_id].get("language")
    return language if language == "python" else relation.kind


def _upstream_first(specs: Sequence[dg.AssetSpec]) -> list[dg.AssetSpec]:
    """The order in which a step must report its assets."""
    by_key = {spec.key: spec for spec in specs}
    order = TopologicalSorter({spec.key: [dep.asset_key for dep in spec.deps] for spec in specs}).static_order()
    return [by_key[key] for key in order if key in by_key]


def _canonical_names(manifest: Mapping[str, Any], declared: Mapping[str, Relation]) -> set[str]:
    """Seeds, staging, and everything the canonical events are made of."""
    by_id = {relation.unique_id: relation for relation in declared.values()}
    found = {
        name
        for name, relation in declared.items()
        if relation.kind == "seed" or Path(manifest["nodes"][relation.unique_id]["path"]).parts[0] == "staging"
    }
    pending = [declared[name].unique_id for name in CANONICAL_MODELS]
    while pending:
        relation = by_id.get(pending.pop())
        if relation is not None and relation.name not in found:
            found.add(relation.name)
            pending += manifest["nodes"][relation.unique_id]["depends_on"]["nodes"]
    return found
