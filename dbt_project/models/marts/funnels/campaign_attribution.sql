with

credits as (

    select
        macro_conversion_key,
        coalesce(campaign_key, '') as campaign_key,
        model,
        credit,
        revenue
    from {{ ref('attribution') }}
    where family = 'order'

),

by_rule as (

    select
        campaign_key,
        model,
        sum(credit) as conversions,
        sum(revenue) as revenue,
        cast(null as double) as removal_effect
    from credits
    group by campaign_key, model

),

-- What each order was worth, and which campaigns took part in it.
participations as (

    select
        macro_conversion_key,
        campaign_key,
        1e0 / count(*) over (partition by macro_conversion_key) as credit,
        sum(sum(revenue)) over (partition by macro_conversion_key) as order_revenue
    from credits
    where model = 'linear'
    group by macro_conversion_key, campaign_key

),

-- A coalition's worth is the orders that its campaigns alone took part in: then the Shapley value shares out each order
-- equally among its campaigns.
shapley_credits as (

    select
        campaign_key,
        credit,
        {{ parted_revenue('order_revenue', 'credit', 'macro_conversion_key', 'campaign_key') }} as revenue
    from participations

),

by_shapley as (

    select
        campaign_key,
        'shapley' as model,
        sum(credit) as conversions,
        sum(revenue) as revenue,
        cast(null as double) as removal_effect
    from shapley_credits
    group by campaign_key

),

attributed as (

    select
        sum(conversions) as conversions,
        sum(revenue) as revenue
    from by_shapley
    where campaign_key != ''

),

by_markov as (

    select
        removals.campaign_key,
        'markov' as model,
        removals.share * attributed.conversions as conversions,
        {{ parted_revenue('attributed.revenue', 'removals.share', '1', 'removals.campaign_key') }} as revenue,
        removals.removal_effect
    from {{ ref('int_attribution_removals') }} as removals
    cross join attributed

    union all

    select
        campaign_key,
        'markov' as model,
        conversions,
        revenue,
        removal_effect
    from by_shapley
    where campaign_key = ''

),

credited as (

    select * from by_rule
    union all
    select * from by_shapley
    union all
    select * from by_markov

),

final as (

    select
        -- keys
        campaign_key,
        model,

        -- measures
        conversions,
        cast(revenue as decimal(18, 2)) as revenue,
        removal_effect
    from credited

)

select * from final
