"""Each arm of an experiment against its control: orchestration/statistics/experiments.py."""

COLUMNS = {
    "experiment": "varchar",
    "metric": "varchar",
    "variant": "varchar",
    "control": "varchar",
    "n": "bigint",
    "successes": "bigint",
    "mean": "double",
    "n_control": "bigint",
    "successes_control": "bigint",
    "mean_control": "double",
    "effect": "double",
    "effect_lo": "double",
    "effect_hi": "double",
    "relative_effect": "double",
    "z": "double",
    "p_value": "double",
    "p_adjusted": "double",
    "always_valid_lo": "double",
    "always_valid_hi": "double",
    "probability_best": "double",
    "expected_loss": "double",
    "srm_p_value": "double",
    "minimum_detectable_effect": "double",
    "verdict": "varchar",
    "reason": "varchar",
    "is_closed": "boolean",
    "relative_effect_lo": "double",
    "relative_effect_hi": "double",
    "adjusted_effect": "double",
    "adjusted_effect_lo": "double",
    "adjusted_effect_hi": "double",
    "adjusted_always_valid_lo": "double",
    "adjusted_always_valid_hi": "double",
    "variance_reduction": "double",
    "verdict_p_value": "double",
}


def model(dbt, session):
    """See int_experiment_inferences.yml."""
    from orchestration.statistics.tables import inferred

    return inferred(session, "experiments.results", COLUMNS, dbt.ref("int_experiment_metrics"))
