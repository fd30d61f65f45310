{%- set lookback = "interval '" ~ var('experiment_lookback_days') ~ "' day" -%}
with

participants as (

    select * from {{ ref('int_experiment_subscribers') }}

),

-- Everything a subscriber does counts, whether or not a message explains it.
actions as (

    select
        subscriber_key,
        micro_conversion as conversion,
        micro_conversion || '_rate' as metric,
        cast(1 as decimal(18, 2)) as amount,
        occurred_at
    from {{ ref('fct_micro_conversions') }}
    where subscriber_key is not null

    union all

    select
        subscriber_key,
        cast(null as varchar) as conversion,
        'revenue_per_subscriber' as metric,
        revenue as amount,
        ordered_at as occurred_at
    from {{ ref('int_orders') }}
    where subscriber_key is not null and revenue is not null

),

final as (

    select
        -- keys
        participants.experiment,
        participants.subscriber_key,
        actions.metric,

        -- attributes
        participants.variant,
        actions.conversion,

        -- measures
        coalesce(
            sum(case when actions.occurred_at >= participants.begins_at then actions.amount end), 0
        ) as amount_during,
        coalesce(
            sum(case when actions.occurred_at < participants.begins_at then actions.amount end), 0
        ) as amount_before
    from participants
    inner join actions
        on
            participants.subscriber_key = actions.subscriber_key
            and actions.occurred_at >= participants.begins_at - {{ lookback }}
            and participants.ends_at >= actions.occurred_at
    group by
        participants.experiment, participants.subscriber_key, participants.variant, actions.metric, actions.conversion

)

select * from final
