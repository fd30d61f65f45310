"""Where metrics are heading: orchestration/statistics/forecasts.py."""

COLUMNS = {
    "metric": "varchar",
    "scope": "varchar",
    "target_on": "date",
    "forecast": "double",
    "forecast_lo": "double",
    "forecast_hi": "double",
    "model": "varchar",
    "mase": "double",
    "beats_naive": "boolean",
    "naive_mase": "double",
    "coverage": "double",
}


def model(dbt, session):
    """See int_metric_forecast_figures.yml."""
    from orchestration.statistics.tables import inferred

    return inferred(session, "forecasts.results", COLUMNS, dbt.ref("int_metric_days"))
