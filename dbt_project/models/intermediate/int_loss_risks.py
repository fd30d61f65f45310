"""How likely a message is to lose its recipient: orchestration/statistics/losses.py."""

COLUMNS = {
    "engagement_tier": "varchar",
    "pressure": "varchar",
    "experience": "varchar",
    "probability": "double",
    "account_rate": "double",
    "main_reason": "varchar",
}


def model(dbt, session):
    """See int_loss_risks.yml."""
    from orchestration.statistics.tables import inferred

    return inferred(session, "losses.risks", COLUMNS, dbt.ref("int_loss_counts"))
