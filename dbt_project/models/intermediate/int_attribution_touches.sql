{%- set window = "interval '" ~ var('attribution_window_days') ~ "' day" -%}
with

conversions as (

    select
        facts.micro_conversion_key as macro_conversion_key,
        facts.micro_conversion as macro_conversion,
        facts.family,
        facts.subscriber_key,
        orders.revenue,
        facts.occurred_at as converted_at
    from {{ ref('fct_micro_conversions') }} as facts
    left join {{ ref('int_orders') }} as orders
        on facts.event_key = orders.event_key
    where facts.is_macro

),

converted_subscribers as (

    select distinct subscriber_key
    from conversions
    where subscriber_key is not null

),

clicks as (

    select
        events.subscriber_key,
        events.message_key,
        messages.campaign_key,
        events.event_key,
        events.occurred_at
    from {{ ref('int_email_events') }} as events
    inner join converted_subscribers
        on events.subscriber_key = converted_subscribers.subscriber_key
    inner join {{ ref('int_messages') }} as messages
        on events.message_key = messages.message_key
    where events.event_type = 'clicked' and events.actor = 'human'

),

found_clicks as (

    select
        conversions.macro_conversion_key,
        clicks.message_key,
        clicks.campaign_key,
        clicks.event_key,
        clicks.occurred_at,
        row_number() over (
            partition by conversions.macro_conversion_key, clicks.message_key
            order by clicks.occurred_at desc, clicks.event_key desc
        ) as recency
    from conversions
    inner join clicks
        on
            conversions.subscriber_key = clicks.subscriber_key
            and conversions.converted_at >= clicks.occurred_at
            and conversions.converted_at - {{ window }} <= clicks.occurred_at

),

-- A message touches a conversion once, by its newest click before it.
touches as (

    select
        macro_conversion_key,
        message_key,
        campaign_key,
        occurred_at as touch_at,
        row_number() over (
            partition by macro_conversion_key
            order by occurred_at, event_key
        ) as touch_number,
        count(*) over (partition by macro_conversion_key) as touches
    from found_clicks
    where recency = 1

),

final as (

    select
        -- keys
        conversions.macro_conversion_key,
        coalesce(touches.message_key, '') as message_key,
        touches.campaign_key,
        conversions.subscriber_key,

        -- attributes
        conversions.macro_conversion,
        conversions.family,
        coalesce(touches.touch_number, 1) as touch_number,
        coalesce(touches.touches, 0) as touches,

        -- measures
        conversions.revenue,

        -- times
        touches.touch_at,
        conversions.converted_at
    from conversions
    left join touches
        on conversions.macro_conversion_key = touches.macro_conversion_key

)

select * from final
