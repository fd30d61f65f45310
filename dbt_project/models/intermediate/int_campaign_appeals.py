"""Responses to a campaign, in multiples of those recipients and hours explain: orchestration/statistics/appeals.py."""

COLUMNS = {"campaign_key": "varchar", "sent_on": "date", "appeal": "decimal(12, 6)"}


def model(dbt, session):
    """See int_campaign_appeals.yml."""
    from orchestration.statistics.tables import inferred

    return inferred(session, "appeals.appeals", COLUMNS, dbt.ref("int_send_chances"))
