"""`python -m tests.benchmarks.pipeline RESULT`: one cold run of the main job, and where its time went.

Belongs here: the clock around the pipeline's own parts. Does not belong here: any change of what they do.

Spans, none within another unless said:

    import <package>        of the three large ones
    definitions             assembling Dagster's definitions, dbt's manifest being at hand
    load                    every source; the first gate lies within it
    first gate
    model <name>            a dbt node on the run's data, dbt's own work on it included
    empty <name>            a dbt node made empty, because the home was new
    dbt                     dbt's commands; all nodes lie within it
    gates                   the second and third gate, check history and Data Docs
    publication             copying the marts and swapping them in
    lineage                 what Dagster is told of each column's origin
    whole                   all of it; what no span covers is Dagster's
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path

from tests.benchmarks.measuring import Measured, Seconds


def main(result: Path) -> None:
    """Run the job in this process, as `make run` does. Raises RuntimeError where it fails."""
    measured = Measured()
    with measured.span("whole"):
        _run(measured)
    measured.write(result)


def _run(measured: Measured) -> None:
    for package in ("dagster", "dbt.cli.main", "dagster_dbt", "great_expectations"):
        with measured.span(f"import {package.partition('.')[0]}"):
            __import__(package)
    from orchestration import audits, instance, publication
    from orchestration.assets import raw
    from orchestration.dbt import Dbt
    from orchestration.definitions import build_defs
    from orchestration.jobs import MAIN_JOB
    from orchestration.lineage import ColumnLineage
    from orchestration.settings import Settings

    @dataclass(frozen=True)
    class TimedDbt(Dbt):
        """dbt with a clock on every node and every command."""

        clock: _NodeClock = field(default_factory=lambda: _NodeClock(measured))

        def build_absent(self, absent) -> None:
            self.clock.label = "empty"
            super().build_absent(absent)
            self.clock.label = "model"

        def _invoke(self, arguments, *, target_path, manifest, listen=None):
            def hear(event) -> None:
                self.clock.hear(event)
                if listen:
                    listen(event)

            with measured.span("dbt" if "build" in arguments else f"dbt {arguments[0]}"):
                return super()._invoke(arguments, target_path=target_path, manifest=manifest, listen=hear)

    def clocked(owner, name: str, span: str) -> None:
        setattr(owner, name, _clocked(getattr(owner, name), measured, span))

    clocked(raw, "load_source", "load")
    clocked(raw, "build_data_docs", "gates")
    clocked(audits, "audit_profile", "first gate")
    clocked(audits, "audit_relations", "gates")
    clocked(audits, "remember", "gates")
    clocked(publication, "publish", "publication")
    clocked(ColumnLineage, "metadata", "lineage")
    os.environ["MICRO_CONVERSIONS_MODELS_AT_A_TIME"] = "1"  # a node's seconds are its own
    settings = Settings.from_environment()
    opened = instance.open_instance(settings)
    with measured.span("definitions"):
        job = build_defs(settings=settings, dbt=TimedDbt(settings)).resolve_job_def(MAIN_JOB)
    with opened:
        ended = job.execute_in_process(
            instance=opened,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
    if not ended.success:
        errors = [e.event_specific_data.error for e in ended.all_events if e.is_failure and e.is_step_event]
        raise RuntimeError("\n".join((error.cause or error).message for error in errors))


class _NodeClock:
    """Seconds of each dbt node, which run one after another, from the events that dbt tells of them."""

    def __init__(self, measured: Measured) -> None:
        self.label = "model"
        self._measured = measured
        self._begun = Seconds()

    def hear(self, event) -> None:
        if event.info.name == "NodeStart":
            self._begun = Seconds.now()
        elif event.info.name == "NodeFinished":
            name = event.data.node_info.node_name
            self._measured.seconds[f"{self.label} {name}"] += Seconds.now() - self._begun


def _clocked(function: Callable, measured: Measured, span: str) -> Callable:
    @wraps(function)
    def run(*args, **kwargs):
        with measured.span(span):
            outcome = function(*args, **kwargs)
        if span == "load":
            measured.facts.setdefault("load", {})[outcome.source] = dict(outcome.seconds)
        return outcome

    return run


if __name__ == "__main__":
    main(Path(sys.argv[1]))
