"""`python -m tests.benchmarks.inferences RESULT`: every model that infers, on the tables of a busy sender.

Belongs here: reduced tables of 500 campaigns, 50 experiments and two years of days, drawn with a seed, and the clock
around each dbt Python model. Does not belong here: the SQL that reduces events to such tables.

Spans: `import`, of all libraries of statistics, and `<model>`, from DuckDB's relation to DuckDB's relation.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from orchestration.dbt import PROJECT
from tests.benchmarks.measuring import Measured

CAMPAIGNS, EXPERIMENTS, ARMS, DAYS = 500, 50, 3, 730
MICROS = ("open", "read", "click", "video_view", "download", "info_request", "site_engagement")
CONVERSIONS = {**dict.fromkeys(MICROS, False), "order": True, "sign_up": True}
SCOPES = ("all", *(f"campaign_type={number}" for number in range(5)))
STRATA, SEGMENTS = 18, 13
ENDS = pd.Timestamp("2026-01-01")


def main(result: Path) -> None:
    """Draw the tables, and run the models on them one after the other."""
    measured = Measured()
    with duckdb.connect() as session:
        session.execute("set threads = 2")
        tables = {name: draw(np.random.default_rng(1)) for name, draw in TABLES.items()}
        for name, table in tables.items():
            session.register(f"drawn_{name}", table)
            session.execute(f"create table {name} as from drawn_{name}")
        with measured.span("import"):
            for library in ("scipy.stats", "statsmodels.api", "pymannkendall", "statsforecast.models"):
                import_module(library)
        for name in MODELS:
            with measured.span(name):
                rows = _model(name)(_References(session), session).df()
            measured.facts[name] = len(rows)
    measured.facts["rows read"] = sum(len(table) for table in tables.values())
    measured.write(result)


class _References:
    """dbt's `ref` of a Python model."""

    def __init__(self, session: duckdb.DuckDBPyConnection):
        self.ref = session.table


def _model(name: str) -> Callable:
    spec = spec_from_file_location(name, PROJECT / "models" / "intermediate" / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.model


def _experiment_metrics(draw: np.random.Generator) -> pd.DataFrame:
    metrics = [
        *(f"{name}_rate" for name in CONVERSIONS),
        "human_open_rate",
        "human_click_rate",
        "revenue_per_subscriber",
    ]
    rows = []
    for experiment in range(EXPERIMENTS):
        for metric in metrics:
            base, is_mean = draw.uniform(0.01, 0.3), metric == "revenue_per_subscriber"
            for arm in range(ARMS):
                n = 5_000
                x, past = draw.binomial(n, base * draw.uniform(0.9, 1.1)), draw.binomial(n, base)
                amount = 30.0 if is_mean else 1.0
                rows.append(
                    (f"e{experiment}", metric, f"v{arm}", arm == 0, is_mean, n, 1.0, n, x, x * amount, x * amount**2,
                     past * amount, past * amount**2, min(x, past) * 0.5 * amount**2, True)
                )  # fmt: skip
    columns = "experiment metric variant is_control is_mean assigned share n successes sum_y sum_yy sum_x sum_xx sum_xy"
    return pd.DataFrame(rows, columns=[*columns.split(), "is_closed"])


def _conversion_counts(draw: np.random.Generator) -> pd.DataFrame:
    columns = ["experiment", "variant", "conversion", "is_control", "is_macro", "n", "successes"]
    rows = [
        (
            f"e{experiment}",
            f"v{arm}",
            conversion,
            arm == 0,
            is_macro,
            5_000,
            draw.binomial(5_000, draw.uniform(0.02, 0.3)),
        )
        for experiment in range(EXPERIMENTS)
        for arm in range(ARMS)
        for conversion, is_macro in CONVERSIONS.items()
    ]
    return pd.DataFrame(rows, columns=columns)


def _overlaps(draw: np.random.Generator) -> pd.DataFrame:
    columns = ["experiment", "variant", "conversion", "other_conversion", "subscribers_with_both"]
    rows = [
        (f"e{experiment}", f"v{arm}", one, other, int(draw.integers(20, 80)))
        for experiment in range(EXPERIMENTS)
        for arm in range(ARMS)
        for one in CONVERSIONS
        for other in CONVERSIONS
    ]
    return pd.DataFrame(rows, columns=columns)


def _associations(draw: np.random.Generator) -> pd.DataFrame:
    rows = [
        (
            exposure,
            outcome,
            f"s{stratum}",
            is_macro,
            2_000,
            draw.binomial(2_000, 0.06),
            4_000,
            draw.binomial(4_000, 0.04),
        )
        for exposure, is_macro in CONVERSIONS.items()
        for outcome in CONVERSIONS
        if CONVERSIONS[outcome] != is_macro
        for stratum in range(STRATA)
    ]
    columns = "exposure outcome stratum exposure_is_macro n_with x_with n_without x_without"
    return pd.DataFrame(rows, columns=columns.split())


def _weeks(draw: np.random.Generator) -> pd.DataFrame:
    rows = [
        (conversion, is_macro, ENDS - pd.Timedelta(weeks=week), 8_000, draw.binomial(8_000, draw.uniform(0.08, 0.12)))
        for conversion, is_macro in CONVERSIONS.items()
        for week in range(1, DAYS // 7)
    ]
    return pd.DataFrame(rows, columns=["conversion", "is_macro", "week_on", "recipients", "subscribers"])


def _segment_counts(draw: np.random.Generator) -> pd.DataFrame:
    rows = [
        (f"e{experiment}", f"v{arm}", arm == 0, f"segment {segment}", micro, macro, 1_500,
         draw.binomial(1_500, draw.uniform(0.02, 0.3)), draw.binomial(1_500, 0.05), int(draw.integers(5, 40)))
        for experiment in range(EXPERIMENTS)
        for arm in range(ARMS)
        for segment in range(SEGMENTS)
        for micro in MICROS
        for macro in ("order", "sign_up")
    ]  # fmt: skip
    columns = "experiment variant is_control segment micro_conversion macro_conversion n"
    columns = [*columns.split(), "micro_successes", "macro_successes", "both_successes"]
    return pd.DataFrame(rows, columns=columns)


def _transitions(draw: np.random.Generator) -> pd.DataFrame:
    states = [f"c{number}" for number in range(CAMPAIGNS)]
    pairs = pd.MultiIndex.from_product([["start", *states], [*states, "conversion", "none"]]).to_frame(index=False)
    pairs.columns = ["from_state", "to_state"]
    return pairs.assign(moves=draw.integers(1, 50, size=len(pairs)))


def _returns(draw: np.random.Generator) -> pd.DataFrame:
    spend = draw.uniform(100, 1_000, size=CAMPAIGNS)
    return pd.DataFrame(
        {
            "campaign_key": [f"c{number}" for number in range(CAMPAIGNS)], "spend": spend,
            "basis_revenue": spend * draw.uniform(0.5, 3, size=CAMPAIGNS), "basis_standard_error": spend * 0.3,
        }
    )  # fmt: skip


def _metric_days(draw: np.random.Generator) -> pd.DataFrame:
    days = pd.date_range(end=ENDS - pd.Timedelta(days=1), periods=DAYS)
    rates = (
        "human_open_rate",
        "human_click_rate",
        "conversion_rate",
        "unsubscribe_rate",
        "complaint_rate",
        "bounce_rate",
    )
    shares = (*rates, "revenue_per_delivered", *(f"{name}_rate" for name in CONVERSIONS))
    found = []
    for metric, scope in [(metric, scope) for metric in shares for scope in SCOPES]:
        sent, rate = draw.integers(500, 5_000, size=DAYS), draw.uniform(0.001, 0.3)
        found.append((metric, scope, True, 7, draw.binomial(sent, rate).astype(float), sent.astype(float)))
    week = 1 + 0.4 * np.sin(np.arange(DAYS) * 2 * np.pi / 7)
    for metric, level in (("orders", 40), ("revenue", 2_000), ("new_subscribers", 25)):
        found.append((metric, "all", False, 0, draw.poisson(level * week).astype(float), np.nan))
    return pd.concat(
        pd.DataFrame(
            {
                "metric": metric, "scope": scope, "day_on": days, "is_rate": is_rate, "settles_in_days": settles,
                "as_of_on": ENDS, "numerator": numerator, "denominator": denominator,
            }
        )
        for metric, scope, is_rate, settles, numerator, denominator in found
    )  # fmt: skip


def _goals(draw: np.random.Generator) -> pd.DataFrame:
    goals = [("human_click_rate", 0.1), ("complaint_rate", 0.001), ("orders", 1_200.0), ("new_subscribers", 700.0)]
    rows = [
        (f"{metric} by {period}", metric, "all", target, period, ENDS - pd.Timedelta(days=DAYS), ENDS)
        for metric, target in goals
        for period in ("week", "month", "quarter")
    ]
    return pd.DataFrame(rows, columns=["goal", "metric", "scope", "target", "period", "starts_on", "as_of_on"])


def _cohort_ages(draw: np.random.Generator) -> pd.DataFrame:
    rows = []
    for month in range(DAYS // 30):
        done = 4 * month
        for metric in ("clicked_messages", "orders", "revenue"):
            for age in range(26):
                seen = 800 if age < done else 0
                rows.append(
                    (ENDS - pd.DateOffset(months=month + 1), metric, age, 800, seen, done,
                     float(draw.poisson(seen * 0.3 * 0.85**age)))
                )  # fmt: skip
    columns = "cohort_month_on metric age_weeks subscribers observed_subscribers completed_weeks total"
    return pd.DataFrame(rows, columns=columns.split())


TABLES = {
    "int_experiment_metrics": _experiment_metrics,
    "int_experiment_conversion_counts": _conversion_counts,
    "int_experiment_overlaps": _overlaps,
    "int_experiment_segment_counts": _segment_counts,
    "int_conversion_associations": _associations,
    "int_conversion_weeks": _weeks,
    "int_attribution_transitions": _transitions,
    "int_campaign_returns": _returns,
    "int_metric_days": _metric_days,
    "int_goals": _goals,
    "int_cohort_ages": _cohort_ages,
}
MODELS = (
    "int_experiment_inferences",
    "int_micro_conversion_evidence",
    "int_attribution_removals",
    "int_campaign_shares",
    "int_metric_trend_figures",
    "int_metric_forecast_figures",
    "int_goal_figures",
    "int_cohort_projections",
)

if __name__ == "__main__":
    main(Path(sys.argv[1]))
