"""Goals against what happened: orchestration/statistics/goals.py."""

COLUMNS = {
    "goal": "varchar",
    "period_start_on": "date",
    "metric": "varchar",
    "scope": "varchar",
    "target": "double",
    "actual": "double",
    "actual_lo": "double",
    "actual_hi": "double",
    "projected": "double",
    "probability_of_reaching": "double",
    "status": "varchar",
    "period_end_on": "date",
}


def model(dbt, session):
    """See int_goal_figures.yml."""
    from orchestration.statistics.tables import inferred

    return inferred(session, "goals.results", COLUMNS, dbt.ref("int_goals"), dbt.ref("int_metric_days"))
