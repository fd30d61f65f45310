{%- set window = "interval '" ~ var('send_time_response_hours') ~ "' hour" -%}
with

messages as (

    select
        subscriber_key,
        campaign_key,
        sent_at,
        date_trunc('hour', sent_at) as sent_hour_at,
        coalesce(
            least(human_first_opened_at, human_first_clicked_at) <= sent_at + {{ window }}, false
        ) as is_response
    from {{ ref('int_messages') }}
    where
        is_delivered
        and sent_at + {{ window }} <= {{ as_of_now() }}

),

time_zones as (
    {{ known_time_zones() }}
),

subscribers as (

    select
        subscribers.subscriber_number,
        subscribers.subscriber_key,
        coalesce(time_zones.time_zone, '{{ var("account_time_zone") }}') as time_zone
    from {{ ref('int_subscribers') }} as subscribers
    left join time_zones
        on lower(subscribers.time_zone) = lower(time_zones.time_zone)

),

zoned as (

    select
        subscribers.subscriber_number,
        subscribers.time_zone,
        messages.campaign_key,
        messages.sent_at,
        messages.sent_hour_at,
        messages.is_response
    from messages
    inner join subscribers
        on messages.subscriber_key = subscribers.subscriber_key

),

-- A clock is read once an hour and zone, not once a message: it is what costs most here.
hours as (

    select distinct
        time_zone,
        sent_hour_at
    from zoned

),

clocks as (

    select
        time_zone,
        sent_hour_at,
        {{ utc_to_local('sent_hour_at', 'time_zone') }} as local_hour_at
    from hours

),

localised as (

    select
        zoned.subscriber_number,
        zoned.campaign_key,
        zoned.is_response,
        zoned.sent_at,
        clocks.local_hour_at + (zoned.sent_at - zoned.sent_hour_at) as local_sent_at
    from zoned
    inner join clocks
        on
            zoned.time_zone = clocks.time_zone
            and zoned.sent_hour_at = clocks.sent_hour_at

),

final as (

    select
        -- keys
        subscriber_number,
        campaign_key,

        -- attributes
        cast(sent_at as date) as sent_on,
        cast({{ weekday('local_sent_at') }} * 24 + extract(hour from local_sent_at) as integer) as hour_of_week,
        is_response
    from localised

)

select * from final
