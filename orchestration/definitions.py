"""The one place that assembles everything Dagster shows.

`build_defs` takes overrides, so that a test swaps a home, a source list or a resource without patching.
"""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from orchestration import logs
from orchestration.assets import follow_ups, served
from orchestration.assets.dashboards import dashboard_specs
from orchestration.assets.models import build_model_assets
from orchestration.assets.pictures import build_pictures_asset
from orchestration.assets.published import build_publication_asset
from orchestration.assets.quarantine import build_quarantine_asset
from orchestration.assets.raw import build_raw_assets
from orchestration.checks.suites import Suite, load_suites
from orchestration.dbt import Dbt
from orchestration.follow_ups.targets import Target
from orchestration.jobs import build_decision_jobs, build_delivery_job, build_main_job
from orchestration.personal_data.jobs import build_personal_data_jobs, build_retention_schedule
from orchestration.resources import Warehouse
from orchestration.schedules import build_daily_schedule
from orchestration.sensors import build_follow_up_sensor, build_freshness_sensor, build_landing_sensor
from orchestration.settings import Settings
from orchestration.sources import SOURCES, Source


def build_defs(
    *,
    settings: Settings | None = None,
    sources: Mapping[str, Source] = SOURCES,
    suites: Mapping[str, Suite] | None = None,
    dbt: Dbt | None = None,
    resources: Mapping[str, object] | None = None,
    target: Target | None = None,
) -> dg.Definitions:
    """All assets, checks, jobs, sensors and the schedule of one home; arguments replace the defaults."""
    settings = settings or Settings.from_environment()
    suites = suites or load_suites()
    dbt = dbt or Dbt(settings)
    logs.write_to(settings.logs)
    raw = build_raw_assets(settings, sources, suites)
    return dg.Definitions(
        assets=[
            *raw,
            build_quarantine_asset(settings, raw),
            *build_model_assets(settings, dbt, suites),
            build_publication_asset(settings, dbt),
            follow_ups.build_follow_up_asset(settings, dbt, suites, target),
            *served.build_served_assets(settings, dbt),
            build_pictures_asset(settings),
            *dashboard_specs(dbt),
        ],
        jobs=[
            build_main_job(),
            build_delivery_job(follow_ups.delivery_keys(dbt)),
            *build_decision_jobs(settings),
            *build_personal_data_jobs(settings, sources),
        ],
        sensors=[
            build_landing_sensor(settings, list(sources)),
            build_follow_up_sensor(settings),
            build_freshness_sensor(settings, sources),
        ],
        schedules=[build_daily_schedule(), *([build_retention_schedule()] if settings.retention_days else [])],
        resources={"warehouse": Warehouse.of(settings), **(resources or {})},
        # The warehouse has one writer: steps in one process gain the start-up time that processes would cost.
        executor=dg.in_process_executor,
    )
