{%- set window = "interval '" ~ var('attribution_window_days') ~ "' day" -%}
-- A path is what led to an order, or a run of clicks that led to none. Clicks that may still lead to one are left out.
with

order_touches as (

    select * from {{ ref('int_attribution_touches') }}
    where family = 'order' and message_key != ''

),

clicked_messages as (

    select
        messages.message_key,
        messages.subscriber_key,
        messages.campaign_key,
        max(events.occurred_at) as touch_at
    from {{ ref('int_email_events') }} as events
    inner join {{ ref('int_messages') }} as messages
        on events.message_key = messages.message_key
    where events.event_type = 'clicked' and events.actor = 'human'
    group by messages.message_key, messages.subscriber_key, messages.campaign_key

),

idle_touches as (

    select clicked_messages.*
    from clicked_messages
    left join order_touches
        on clicked_messages.message_key = order_touches.message_key
    where
        order_touches.message_key is null
        and clicked_messages.touch_at + {{ window }} < {{ as_of_now() }}

),

ordered_idle_touches as (

    select
        *,
        lag(touch_at) over (partition by subscriber_key order by touch_at, message_key) as previous_touch_at
    from idle_touches

),

idle_paths as (

    select
        subscriber_key,
        message_key,
        campaign_key,
        touch_at,
        sum(case when touch_at <= previous_touch_at + {{ window }} then 0 else 1 end) over (
            partition by subscriber_key
            order by touch_at, message_key
            rows between unbounded preceding and current row
        ) as path_number
    from ordered_idle_touches

),

steps as (

    select
        macro_conversion_key as path_key,
        campaign_key,
        touch_number as step_number,
        'conversion' as path_end
    from order_touches

    union all

    select
        {{ surrogate_key(['subscriber_key', 'path_number']) }} as path_key,
        campaign_key,
        row_number() over (
            partition by subscriber_key, path_number
            order by touch_at, message_key
        ) as step_number,
        'none' as path_end
    from idle_paths

),

neighbours as (

    select
        campaign_key,
        path_end,
        lag(campaign_key) over (partition by path_key order by step_number) as previous_campaign_key,
        lead(campaign_key) over (partition by path_key order by step_number) as next_campaign_key
    from steps

),

moves as (

    select
        coalesce(previous_campaign_key, 'start') as from_state,
        campaign_key as to_state
    from neighbours

    union all

    select
        campaign_key as from_state,
        path_end as to_state
    from neighbours
    where next_campaign_key is null

),

final as (

    select
        -- keys
        from_state,
        to_state,

        -- measures
        count(*) as moves
    from moves
    group by from_state, to_state

)

select * from final
