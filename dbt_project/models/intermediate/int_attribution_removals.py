"""What would be lost without a campaign: orchestration/statistics/attribution.py."""

COLUMNS = {"campaign_key": "varchar", "removal_effect": "double", "share": "double"}


def model(dbt, session):
    """See int_attribution_removals.yml."""
    from orchestration.statistics.tables import inferred

    return inferred(session, "attribution.removals", COLUMNS, dbt.ref("int_attribution_transitions"))
