"""What a design choice does to the click rate: orchestration/statistics/designs.py."""

COLUMNS = {
    "feature": "varchar",
    "level": "varchar",
    "campaigns": "bigint",
    "delivered": "bigint",
    "human_unique_clicks": "bigint",
    "effect": "double",
    "effect_lo": "double",
    "effect_hi": "double",
    "p_value": "double",
    "p_adjusted": "double",
    "evidence": "varchar",
    "reference_level": "varchar",
    "contrasts": "bigint",
    "changed_along": "varchar",
}


def model(dbt, session):
    """See int_design_effects.yml."""
    from orchestration.statistics.tables import inferred

    designs, types = dbt.ref("int_campaign_designs"), dbt.ref("int_element_type_clicks")
    return inferred(session, "designs.effects", COLUMNS, designs, types)
