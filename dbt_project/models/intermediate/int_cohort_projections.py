"""What new subscribers will do: orchestration/statistics/projections.py."""

COLUMNS = {
    "cohort_month_on": "date",
    "metric": "varchar",
    "age_weeks": "bigint",
    "expected": "double",
    "expected_lo": "double",
    "expected_hi": "double",
    "observed": "double",
    "coverage": "double",
    "backtests": "bigint",
    "subscribers": "bigint",
}


def model(dbt, session):
    """See int_cohort_projections.yml."""
    from orchestration.statistics.tables import inferred

    return inferred(session, "projections.results", COLUMNS, dbt.ref("int_cohort_ages"))
