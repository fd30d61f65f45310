{%- set pressure_days = 28 -%}
with

sends as (

    select
        subscriber_key,
        count(*) as sends
    from {{ ref('int_messages') }}
    where
        is_sent
        and sent_at >= {{ as_of_now() }} - interval '{{ pressure_days }}' day
    group by subscriber_key

),

profiles as (

    select * from {{ ref('int_subscriber_profiles') }}
    where
        is_now
        and is_subscribed

),

final as (

    select
        -- keys
        profiles.subscriber_number,

        -- attributes
        profiles.engagement_tier,
        {{ pressure_band('coalesce(sends.sends, 0) + 1') }} as pressure,
        {{ experience_band('profiles.messages_delivered', 'true') }} as experience
    from profiles
    inner join {{ ref('int_subscribers') }} as subscribers
        on profiles.subscriber_number = subscribers.subscriber_number
    left join sends
        on subscribers.subscriber_key = sends.subscriber_key

)

select * from final
