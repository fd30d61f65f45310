{%- set window = "interval '" ~ var('funnel_window_days') ~ "' day" -%}
with

-- Only messages whose window has passed, so that young ones do not look harmless.
messages as (

    select
        message_key,
        coalesce(least(unsubscribed_at, complained_at) <= sent_at + {{ window }}, false) as is_loss
    from {{ ref('int_messages') }}
    where
        is_delivered
        and sent_at + {{ window }} < {{ as_of_now() }}

),

counted as (

    select
        contexts.engagement_tier,
        {{ pressure_band('contexts.sends_in_28_days') }} as pressure,
        {{ experience_band('contexts.deliveries_before', 'contexts.sends_in_28_days is not null') }} as experience,
        count(*) as messages,
        count(case when messages.is_loss then 1 end) as losses
    from messages
    inner join {{ ref('int_message_contexts') }} as contexts
        on messages.message_key = contexts.message_key
    group by 1, 2, 3

),

-- Also where subscribers stand now and no message ever went out.
needed as (

    select distinct
        engagement_tier,
        pressure,
        experience
    from {{ ref('int_subscriber_pressures') }}

),

final as (

    select
        -- keys
        coalesce(counted.engagement_tier, needed.engagement_tier) as engagement_tier,
        coalesce(counted.pressure, needed.pressure) as pressure,
        coalesce(counted.experience, needed.experience) as experience,

        -- measures
        coalesce(counted.messages, 0) as messages,
        coalesce(counted.losses, 0) as losses
    from counted
    full join needed
        on
            counted.engagement_tier = needed.engagement_tier
            and counted.pressure = needed.pressure
            and counted.experience = needed.experience

)

select * from final
