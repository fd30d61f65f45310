with

returns as (

    select * from {{ ref('int_campaign_returns') }}

),

final as (

    select
        -- keys
        returns.campaign_key,

        -- measures
        returns.cost,
        returns.attributed_revenue,
        cast(returns.incremental_revenue as decimal(18, 2)) as incremental_revenue,
        cast(returns.incremental_revenue - 1.959963984540054 * returns.incremental_standard_error as decimal(18, 2))
            as incremental_revenue_lo,
        cast(returns.incremental_revenue + 1.959963984540054 * returns.incremental_standard_error as decimal(18, 2))
            as incremental_revenue_hi,
        (coalesce(returns.incremental_revenue, cast(returns.attributed_revenue as double)) - returns.spend)
        / nullif(returns.spend, 0) as roi,
        returns.spend / nullif(returns.conversions, 0) as cost_per_conversion,
        shares.suggested_share,

        -- beyond the contract
        case when returns.incremental_revenue is null then 'attributed' else 'incremental' end as roi_basis,
        cast(returns.attributed_revenue - returns.incremental_revenue as decimal(18, 2)) as overclaimed_revenue,
        returns.conversions,
        shares.regret_suggested,
        shares.regret_equal
    from returns
    left join {{ ref('int_campaign_shares') }} as shares
        on returns.campaign_key = shares.campaign_key

)

select * from final
