with

campaigns as (

    select * from {{ ref('dim_campaigns') }}

),

-- Orders vary as a sum of independent amounts: by the sum of their squares.
attributed as (

    select
        campaign_key,
        sum(credit) as conversions,
        sum(revenue) as revenue,
        sum(cast(revenue as double) * cast(revenue as double)) as variance
    from {{ ref('attribution') }}
    where
        family = 'order'
        and model = '{{ var("roi_attribution_model") }}'
        and campaign_key is not null
    group by campaign_key

),

mailed as (

    select distinct campaign_key
    from {{ ref('int_messages') }}
    where is_sent

),

final as (

    select
        -- keys
        campaigns.campaign_key,

        -- measures
        campaigns.cost,
        coalesce(attributed.conversions, 0) as conversions,
        cast(case when attributed.conversions is null then 0 else attributed.revenue end as decimal(18, 2))
            as attributed_revenue,
        increments.incremental_revenue,
        increments.standard_error as incremental_standard_error,
        cast(campaigns.cost as double) as spend,
        coalesce(
            increments.incremental_revenue,
            case when attributed.conversions is null then 0 else cast(attributed.revenue as double) end
        ) as basis_revenue,
        coalesce(increments.standard_error, sqrt(attributed.variance), 0) as basis_standard_error
    from campaigns
    inner join mailed
        on campaigns.campaign_key = mailed.campaign_key
    left join attributed
        on campaigns.campaign_key = attributed.campaign_key
    left join {{ ref('int_campaign_increments') }} as increments
        on campaigns.campaign_key = increments.campaign_key

)

select * from final
