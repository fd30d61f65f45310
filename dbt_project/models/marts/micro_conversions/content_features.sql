with

effects as (

    select * from {{ ref('int_design_effects') }}

),

final as (

    select
        -- keys
        feature,
        level,

        -- measures and rates, in the contract's order
        campaigns,
        delivered,
        human_unique_clicks / nullif(delivered, 0) as human_click_rate,
        effect,
        effect_lo,
        effect_hi,
        p_adjusted,
        evidence,

        -- beyond the contract
        {{ wilson_lo('human_unique_clicks', 'delivered') }} as human_click_rate_lo,
        {{ wilson_hi('human_unique_clicks', 'delivered') }} as human_click_rate_hi,
        human_unique_clicks,
        reference_level,
        contrasts,
        changed_along,
        p_value
    from effects

)

select * from final
