with

profiles as (

    select * from {{ ref('int_subscriber_profiles') }}
    where is_now

),

final as (

    select
        -- keys
        subscribers.subscriber_key,

        -- times
        profiles.first_seen_at,
        profiles.last_sent_at,
        profiles.last_human_engaged_at,

        -- measures
        profiles.messages_delivered,
        profiles.human_opens,
        profiles.human_clicks,
        profiles.deep_conversions,
        profiles.orders,
        profiles.revenue,

        -- attributes
        profiles.is_subscribed,
        profiles.preferred_device,
        profiles.engagement_score,
        profiles.engagement_tier,
        profiles.persona,
        profiles.rfm_recency,
        profiles.rfm_frequency,
        profiles.rfm_value,
        profiles.sunset_status,

        -- beyond the contract
        profiles.messages_ignored,
        profiles.recent_messages_delivered,
        profiles.recent_messages_opened,
        profiles.recent_messages_clicked,
        profiles.recent_human_clicks,
        subscribers.signed_up_at,
        subscribers.signup_source,
        subscribers.time_zone
    from profiles
    inner join {{ ref('int_subscribers') }} as subscribers
        on profiles.subscriber_number = subscribers.subscriber_number

)

select * from final
