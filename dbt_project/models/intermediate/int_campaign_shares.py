"""What share of the next spend a campaign should get: orchestration/statistics/spending.py."""

COLUMNS = {
    "campaign_key": "varchar",
    "suggested_share": "double",
    "regret_suggested": "double",
    "regret_equal": "double",
}


def model(dbt, session):
    """See int_campaign_shares.yml."""
    from orchestration.statistics.tables import inferred

    return inferred(session, "spending.shares", COLUMNS, dbt.ref("int_campaign_returns").filter("spend > 0"))
