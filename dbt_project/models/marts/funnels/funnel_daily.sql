with

messages as (

    select
        subscriber_key,
        furthest_step,
        sent_at
    from {{ ref('int_message_funnel') }}

),

engagements as (

    select
        subscriber_key,
        occurred_at,
        min(coalesce(device_type, 'unknown')) as device_type
    from {{ ref('int_email_events') }}
    where
        subscriber_key is not null
        and actor = 'human'
        and event_type in ('opened', 'clicked')
    group by subscriber_key, occurred_at

),

steps as (
    {{ funnel_steps() }}

),

-- One line of time per subscriber; a send comes before an engagement of the same moment, which it cannot know.
timeline as (

    select
        subscriber_key,
        sent_at as happened_at,
        0 as is_engagement,
        furthest_step,
        cast(null as varchar) as device_type
    from messages

    union all

    select
        subscriber_key,
        occurred_at as happened_at,
        1 as is_engagement,
        cast(null as integer) as furthest_step,
        device_type
    from engagements

),

carried as (

    select
        happened_at,
        is_engagement,
        furthest_step,
        {{ last_known('device_type') }} over (
            partition by subscriber_key
            order by happened_at, is_engagement
            rows between unbounded preceding and current row
        ) as device_type
    from timeline

),

sends as (

    select
        cast(happened_at as date) as sent_on,
        coalesce(device_type, 'unknown') as device_type,
        furthest_step
    from carried
    where is_engagement = 0

),

counted as (

    select
        sent_on,
        device_type,
        furthest_step,
        count(*) as messages
    from sends
    group by sent_on, device_type, furthest_step

),

reached as (

    select
        counted.sent_on,
        steps.step,
        steps.step_number,
        counted.device_type,
        {{ funnel_counts('counted', 'steps') }}
    from counted
    cross join steps
    group by counted.sent_on, steps.step, steps.step_number, counted.device_type

),

final as (

    select
        -- keys
        sent_on,
        step,
        step_number,
        device_type,

        -- measures
        messages,
        messages / nullif(previous_messages, 0) as step_rate,
        messages / nullif(sent, 0) as overall_rate,

        -- parts
        previous_messages,
        sent,

        -- beyond the contract
        {{ wilson_lo('messages', 'previous_messages') }} as step_rate_lo,
        {{ wilson_hi('messages', 'previous_messages') }} as step_rate_hi,
        previous_messages - messages as dropped_off,
        cast(sent_on as timestamp) + interval '{{ 1 + var("funnel_window_days") | int }}' day <= {{ as_of_now() }}
            as is_closed
    from reached

)

select * from final
