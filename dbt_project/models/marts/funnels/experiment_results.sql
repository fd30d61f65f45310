with

inferences as (

    select * from {{ ref('int_experiment_inferences') }}

),

final as (

    select
        -- keys
        experiment,
        metric,
        variant,

        -- attributes
        control,

        -- measures
        n,
        successes,
        mean,
        n_control,
        successes_control,
        mean_control,
        effect,
        effect_lo,
        effect_hi,
        relative_effect,
        z,
        p_value,
        p_adjusted,
        always_valid_lo,
        always_valid_hi,
        probability_best,
        expected_loss,
        srm_p_value,
        minimum_detectable_effect,
        verdict,

        -- beyond the contract: why, and more of the same
        reason,
        is_closed,
        relative_effect_lo,
        relative_effect_hi,
        adjusted_effect,
        adjusted_effect_lo,
        adjusted_effect_hi,
        adjusted_always_valid_lo,
        adjusted_always_valid_hi,
        variance_reduction,
        verdict_p_value
    from inferences

)

select * from final
