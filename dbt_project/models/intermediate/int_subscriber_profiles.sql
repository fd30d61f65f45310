{{ config(materialized='view') }}
with

states as (

    select
        *,
        {{ seconds_between('last_human_engaged_at', 'as_of_at') }} as recency
    from {{ ref('int_subscriber_states') }}

),

yardsticks as (

    select * from {{ ref('int_account_yardsticks') }}

),

rated as (

    select
        states.*,
        states.recent_messages_opened > 0
        and {{ shrunk_rate(
            'states.recent_messages_opened',
            'states.recent_messages_delivered',
            'yardsticks.open_mean_rate',
            'yardsticks.open_prior_trials'
        ) }} >= yardsticks.open_median_rate as opens_often,
        states.recent_messages_clicked > 0
        and {{ shrunk_rate(
            'states.recent_messages_clicked',
            'states.recent_messages_delivered',
            'yardsticks.click_mean_rate',
            'yardsticks.click_prior_trials'
        ) }} >= yardsticks.click_median_rate as clicks_often,
        case
            when states.last_human_engaged_at is not null
                then 6 - ({{ quintile('yardsticks.recency', 'states.recency') }})
        end as rfm_recency,
        case
            when states.recent_human_clicks > 0
                then {{ quintile('yardsticks.frequency', 'states.recent_human_clicks') }}
        end as rfm_frequency,
        case
            when states.revenue > 0
                then {{ quintile('yardsticks.value', 'states.revenue') }}
        end as rfm_value,
        case
            when states.last_human_engaged_at is null
                then states.messages_ignored >= {{ var('graymail_after_never_engaged') }}
            else states.messages_ignored >= {{ var('graymail_after_engaged') }}
        end as is_graymail,
        coalesce(
            states.as_of_at >= states.first_delivered_at + interval '{{ var("persona_window_days") }}' day, false
        ) as fills_window
    from states
    cross join yardsticks

),

final as (

    select
        -- keys
        subscriber_number,
        state_number,
        is_now,

        -- times
        as_of_at,
        next_as_of_at,
        first_seen_at,
        last_sent_at,
        last_human_engaged_at,
        opted_out_at,

        -- measures
        messages_delivered,
        messages_ignored,
        human_opens,
        human_clicks,
        deep_conversions,
        orders,
        revenue,
        -- A window longer than the history says nothing yet, and least of all zero.
        case when fills_window then recent_messages_delivered end as recent_messages_delivered,
        case when fills_window then recent_messages_opened end as recent_messages_opened,
        case when fills_window then recent_messages_clicked end as recent_messages_clicked,
        case when fills_window then recent_human_clicks end as recent_human_clicks,

        -- attributes
        is_subscribed,
        case
            when desktop_events + mobile_events + tablet_events = 0 then null
            when desktop_events >= mobile_events and desktop_events >= tablet_events then 'desktop'
            when mobile_events >= tablet_events then 'mobile'
            else 'tablet'
        end as preferred_device,
        engagement_score,
        case
            when last_human_engaged_at is not null
                then {{ engagement_tier('last_human_engaged_at', 'as_of_at', "'lapsed'") }}
            else {{ tier_without_engagement('messages_delivered', 'first_delivered_at', 'as_of_at') }}
        end as engagement_tier,
        case
            when is_graymail then 'dormant'
            when messages_delivered < {{ var('new_subscriber_deliveries') }} then 'new'
            when opens_often and clicks_often then 'loyalist'
            when opens_often then 'window_shopper'
            when clicks_often then 'selective'
            else 'win_back'
        end as persona,
        rfm_recency,
        rfm_frequency,
        rfm_value,
        case
            when is_graymail then 'graymail'
            when last_human_engaged_at is null then 'undecided'
            else 'active'
        end as sunset_status
    from rated

)

select * from final
