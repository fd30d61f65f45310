"""Whether metrics moved: orchestration/statistics/trends.py."""

COLUMNS = {
    "metric": "varchar",
    "scope": "varchar",
    "period_start_on": "date",
    "numerator": "double",
    "denominator": "double",
    "value": "double",
    "ewma": "double",
    "ewma_lo": "double",
    "ewma_hi": "double",
    "trend_z": "double",
    "sen_slope": "double",
    "status": "varchar",
}


def model(dbt, session):
    """See int_metric_trend_figures.yml."""
    from orchestration.statistics.tables import inferred

    return inferred(session, "trends.results", COLUMNS, dbt.ref("int_metric_days"))
