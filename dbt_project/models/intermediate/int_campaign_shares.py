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

    known = dbt.ref("int_campaign_returns").filter("spend > 0 and basis_revenue is not null")
    return inferred(session, "spending.shares", COLUMNS, known)
