"""What a link draws by its place in the e-mail alone: orchestration/statistics/positions.py."""

COLUMNS = {
    "campaign_key": "varchar",
    "variant": "varchar",
    "link_key": "varchar",
    "expected_click_rate": "double",
    "compared_campaigns": "bigint",
}


def model(dbt, session):
    """See int_position_expectations.yml."""
    from orchestration.statistics.tables import inferred

    # A link that machines alone clicked is known by chance, where there are scanners: it moves nobody's expectation.
    elements = dbt.ref("int_element_clicks").filter("position is not null and human_unique_clicks > 0")
    return inferred(session, "positions.expectations", COLUMNS, elements)
