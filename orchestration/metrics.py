"""Metrics on request: MetricFlow's command line on the published marts.

Belongs here: how it is started. Does not belong here: what a metric is (`dbt_project/models/marts/metrics/`).
It reads `marts.duckdb`, never the warehouse, and connects to no other machine.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from orchestration.dbt import PROJECT, Dbt
from orchestration.settings import Settings

# A target of the profile: the published marts, read-only.
_TARGET = "published"


class MetricsError(RuntimeError):
    """Metrics cannot be asked for; the message says what is missing."""


def ask(settings: Settings, arguments: Sequence[str]) -> int:
    """Run `mf` with these arguments, such as `query --metrics revenue`. Returns its exit code; raises MetricsError."""
    try:
        from dbt_metricflow.cli import main as metricflow
    except ImportError:
        raise MetricsError(
            "MetricFlow is not installed; `make metrics` installs it, or `pip install .[metrics]`."
        ) from None
    if not settings.marts_path.exists():
        raise MetricsError(f"{settings.marts_path} does not exist: nothing was published yet. Run `make run` first.")
    Dbt(settings).prepare()
    os.environ.update(
        MICRO_CONVERSIONS_MARTS=str(settings.marts_path),
        MICRO_CONVERSIONS_TARGET=_TARGET,
        DBT_PROJECT_DIR=str(PROJECT),
        DBT_PROFILES_DIR=str(PROJECT),
        DBT_LOG_PATH=str(settings.logs),
        DO_NOT_TRACK="1",
    )
    # It would ask a registry for a newer version of itself at every start, and has no switch for that.
    metricflow.UpdateChecker = _NoUpdates
    return metricflow.cli.main(args=list(arguments), prog_name="mf", standalone_mode=False) or 0


class _NoUpdates:
    def check(self, *_: str) -> None:
        """There is never a newer version."""
