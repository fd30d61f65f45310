"""What a micro-conversion is worth: orchestration/statistics/values.py."""

COLUMNS = {
    "micro_conversion": "varchar",
    "macro_conversion": "varchar",
    "subscribers_with": "bigint",
    "subscribers_without": "bigint",
    "rate_with": "double",
    "rate_without": "double",
    "association_ratio": "double",
    "adjusted_ratio": "double",
    "adjusted_ratio_lo": "double",
    "adjusted_ratio_hi": "double",
    "incremental_ratio": "double",
    "incremental_ratio_lo": "double",
    "incremental_ratio_hi": "double",
    "evidence_grade": "varchar",
    "verdict": "varchar",
    "reason": "varchar",
    "association_ratio_lo": "double",
    "association_ratio_hi": "double",
    "placebo_ratio": "double",
    "placebo_ratio_lo": "double",
    "placebo_ratio_hi": "double",
    "e_value": "double",
    "experiment_arms": "bigint",
    "spikes_without_echo": "bigint",
    "incremental_ratios": "varchar",
    "proxy_experiments": "bigint",
    "proxy_sign_agreement": "double",
    "proxy_correlation": "double",
    "incremental_p_adjusted": "double",
    "experiment_arms_set_aside": "bigint",
    "proxy_segments": "bigint",
    "proxy_fragility": "double",
    "proxy_fragile_segments": "varchar",
}


def model(dbt, session):
    """See int_micro_conversion_evidence.yml."""
    from orchestration.statistics.tables import inferred

    return inferred(
        session,
        "values.values",
        COLUMNS,
        dbt.ref("int_conversion_associations"),
        dbt.ref("int_experiment_conversion_counts"),
        dbt.ref("int_experiment_overlaps"),
        dbt.ref("int_conversion_weeks"),
        dbt.ref("int_experiment_segment_counts"),
    )
