"""The dashboards as assets downstream of the marts, so that lineage runs from a raw export to a chart.

Belongs here: how dbt's exposures show in Dagster. Does not belong here: what the dashboards show (`bi/`). Nothing runs
for them: a dashboard reads the published marts whenever it is opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from orchestration.assets import OWNERS
from orchestration.dbt import Dbt


def dashboard_specs(dbt: Dbt) -> list[dg.AssetSpec]:
    """`dashboards/<name>` for every exposure of the dbt project, with its address as a link."""
    manifest = dbt.manifest
    return [_spec(manifest, exposure) for _, exposure in sorted(manifest["exposures"].items())]


def _spec(manifest: Mapping[str, Any], exposure: Mapping[str, Any]) -> dg.AssetSpec:
    marts = [manifest["nodes"][unique_id] for unique_id in exposure["depends_on"]["nodes"]]
    return dg.AssetSpec(
        key=["dashboards", exposure["name"]],
        deps=[dg.AssetKey([mart["schema"], mart["name"]]) for mart in marts],
        description=f"**{exposure['label']}**: {exposure['description']} `make bi` serves it.",
        group_name="dashboards",
        owners=OWNERS,
        kinds={"superset", "dashboard"},
        metadata={"dashboard": dg.MetadataValue.url(exposure["url"])},
    )
