with

pairs as (

    {{ micro_macro_pairs() }}

),

evidence as (

    select * from {{ ref('int_micro_conversion_evidence') }}

),

final as (

    select
        -- keys
        pairs.micro_conversion,
        pairs.macro_conversion,

        -- association
        coalesce(evidence.subscribers_with, 0) as subscribers_with,
        coalesce(evidence.subscribers_without, 0) as subscribers_without,
        evidence.rate_with,
        evidence.rate_without,
        evidence.association_ratio,
        evidence.adjusted_ratio,
        evidence.adjusted_ratio_lo,
        evidence.adjusted_ratio_hi,

        -- experiments
        evidence.incremental_ratio,
        evidence.incremental_ratio_lo,
        evidence.incremental_ratio_hi,

        -- verdict
        evidence.evidence_grade,
        coalesce(evidence.verdict, 'unproven') as verdict,

        -- beyond the contract
        coalesce(evidence.reason, 'too little data') as reason,
        evidence.association_ratio_lo,
        evidence.association_ratio_hi,
        evidence.placebo_ratio,
        evidence.placebo_ratio_lo,
        evidence.placebo_ratio_hi,
        evidence.e_value,
        coalesce(evidence.experiment_arms, 0) as experiment_arms,
        coalesce(evidence.spikes_without_echo, 0) as spikes_without_echo,
        evidence.incremental_ratios,
        coalesce(evidence.proxy_experiments, 0) as proxy_experiments,
        evidence.proxy_sign_agreement,
        evidence.proxy_correlation,
        evidence.incremental_p_adjusted,
        coalesce(evidence.experiment_arms_set_aside, 0) as experiment_arms_set_aside,
        coalesce(evidence.proxy_segments, 0) as proxy_segments,
        evidence.proxy_fragility,
        evidence.proxy_fragile_segments
    from pairs
    left join evidence
        on
            pairs.micro_conversion = evidence.micro_conversion
            and pairs.macro_conversion = evidence.macro_conversion

)

select * from final
