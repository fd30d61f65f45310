{%- set window = "interval '" ~ var('persona_window_days') ~ "' day" -%}
with

first_deliveries as (

    select
        subscriber_number,
        min(first_delivered_at) as first_delivered_at,
        min(engaged_at) as first_engaged_at
    from {{ ref('int_subscriber_days') }}
    group by subscriber_number
    having min(first_delivered_at) is not null

),

-- An engagement moves its holder to the next tier as it ages, unless a newer one comes first.
engaged_days as (

    select
        subscriber_number,
        engaged_at,
        lead(engaged_at, 1, {{ as_of_now() }}) over (
            partition by subscriber_number
            order by day_on
        ) as until_at
    from {{ ref('int_subscriber_days') }}
    where engaged_at is not null

),

tiers as (
    {{ engagement_tier_days() }}
),

thresholds as (

    select
        engaged_days.subscriber_number,
        engaged_days.engaged_at + tiers.days * interval '1' day as as_of_at
    from engaged_days
    cross join tiers
    where engaged_days.engaged_at + tiers.days * interval '1' day < engaged_days.until_at

    union all

    select
        deliveries.subscriber_number,
        deliveries.first_delivered_at + interval '{{ var("new_subscriber_days") }}' day as as_of_at
    from first_deliveries as deliveries
    where
        deliveries.first_delivered_at + interval '{{ var("new_subscriber_days") }}' day
        < coalesce(deliveries.first_engaged_at, {{ as_of_now() }})

    union all

    -- From then on what the subscriber did in the window is known.
    select
        subscriber_number,
        first_delivered_at + {{ window }} as as_of_at
    from first_deliveries

),

-- "Now" comes after every event, also where a sender's clock runs ahead of it.
present as (

    select
        subscribers.subscriber_number,
        greatest({{ as_of_now() }}, max(days.as_of_at) + interval '1' microsecond) as as_of_at
    from {{ ref('int_subscribers') }} as subscribers
    left join {{ ref('int_subscriber_days') }} as days
        on subscribers.subscriber_number = days.subscriber_number
    group by subscribers.subscriber_number

),

quiet_moments as (

    select
        subscriber_number,
        as_of_at,
        0 as leaving_delivered,
        0 as leaving_opened,
        0 as leaving_clicked,
        0 as leaving_clicks
    from thresholds
    where as_of_at < {{ as_of_now() }}

    union all

    -- A day leaves the window as it came, at once, an instant after the window's length.
    select
        subscriber_number,
        as_of_at + {{ window }} + interval '1' microsecond as as_of_at,
        messages_delivered as leaving_delivered,
        messages_opened as leaving_opened,
        messages_clicked as leaving_clicked,
        human_clicks as leaving_clicks
    from {{ ref('int_subscriber_days') }}
    where
        as_of_at + {{ window }} + interval '1' microsecond <= {{ as_of_now() }}
        and (messages_delivered > 0 or messages_opened > 0 or messages_clicked > 0 or human_clicks > 0)

    union all

    select
        subscriber_number,
        as_of_at,
        0 as leaving_delivered,
        0 as leaving_opened,
        0 as leaving_clicked,
        0 as leaving_clicks
    from present

),

moments as (

    select
        days.subscriber_number,
        days.as_of_at,
        days.last_sent_at,
        days.first_delivered_at,
        days.engaged_at,
        days.opted_out_at,
        days.opted_in_at,
        days.hard_bounced_at,
        days.messages_delivered,
        days.human_opens,
        days.human_clicks,
        days.desktop_events,
        days.mobile_events,
        days.tablet_events,
        days.deep_conversions,
        days.orders,
        days.revenue,
        days.messages_delivered as recent_messages_delivered,
        days.messages_opened as recent_messages_opened,
        days.messages_clicked as recent_messages_clicked,
        days.human_clicks as recent_human_clicks,
        -- Points grow with their date here, so that one running sum holds them all; the score takes that back. A double
        -- has room for a thousand half-lives.
        days.points
        / {{ decay('subscribers.first_seen_at', "days.day_on + interval '1' day", var('score_half_life_days')) }}
            as scaled_points
    from {{ ref('int_subscriber_days') }} as days
    inner join {{ ref('int_subscribers') }} as subscribers
        on days.subscriber_number = subscribers.subscriber_number

    union all

    select
        subscriber_number,
        as_of_at,
        null as last_sent_at,
        null as first_delivered_at,
        null as engaged_at,
        null as opted_out_at,
        null as opted_in_at,
        null as hard_bounced_at,
        0 as messages_delivered,
        0 as human_opens,
        0 as human_clicks,
        0 as desktop_events,
        0 as mobile_events,
        0 as tablet_events,
        0 as deep_conversions,
        0 as orders,
        null as revenue,
        -leaving_delivered as recent_messages_delivered,
        -leaving_opened as recent_messages_opened,
        -leaving_clicked as recent_messages_clicked,
        -leaving_clicks as recent_human_clicks,
        null as scaled_points
    from quiet_moments

),

running as (

    select
        subscriber_number,
        as_of_at,
        engaged_at is not null as is_engaged_day,
        opted_out_at is not null as is_opt_out_day,
        scaled_points,
        dense_rank() over (partition by subscriber_number order by as_of_at) as state_number,
        lead(as_of_at) over (partition by subscriber_number order by as_of_at) as next_as_of_at,
        max(last_sent_at) over so_far as last_sent_at,
        min(first_delivered_at) over so_far as first_delivered_at,
        max(engaged_at) over so_far as last_human_engaged_at,
        max(opted_out_at) over so_far as opted_out_at,
        max(opted_in_at) over so_far as opted_in_at,
        max(hard_bounced_at) over so_far as hard_bounced_at,
        sum(messages_delivered) over so_far as messages_delivered,
        sum(human_opens) over so_far as human_opens,
        sum(human_clicks) over so_far as human_clicks,
        sum(desktop_events) over so_far as desktop_events,
        sum(mobile_events) over so_far as mobile_events,
        sum(tablet_events) over so_far as tablet_events,
        sum(deep_conversions) over so_far as deep_conversions,
        sum(orders) over so_far as orders,
        sum(revenue) over so_far as revenue,
        sum(scaled_points) over so_far as scaled_score,
        sum(recent_messages_delivered) over so_far as recent_messages_delivered,
        sum(recent_messages_opened) over so_far as recent_messages_opened,
        sum(recent_messages_clicked) over so_far as recent_messages_clicked,
        sum(recent_human_clicks) over so_far as recent_human_clicks
    from moments
    window
        so_far as (
            partition by subscriber_number
            order by as_of_at
            range between unbounded preceding and current row
        )

),

-- How far the sums had come at the newest engagement, and before the newest opt-out: what follows is the difference.
since as (

    select
        *,
        max(case when is_engaged_day then messages_delivered end) over so_far as delivered_until_engaged,
        max(
            case when is_opt_out_day then coalesce(scaled_score, 0) - coalesce(scaled_points, 0) end
        ) over so_far as scaled_score_lost
    from running
    window
        so_far as (
            partition by subscriber_number
            order by as_of_at
            range between unbounded preceding and current row
        )

),

final as (

    select
        -- keys
        since.subscriber_number,
        cast(since.state_number as integer) as state_number,

        -- attributes
        since.next_as_of_at is null as is_now,
        case
            when since.opted_out_at is null and since.hard_bounced_at is null then true
            else coalesce(since.opted_in_at > greatest(since.opted_out_at, since.hard_bounced_at), false)
        end as is_subscribed,

        -- measures
        cast(since.messages_delivered as integer) as messages_delivered,
        cast(since.messages_delivered - coalesce(since.delivered_until_engaged, 0) as integer) as messages_ignored,
        cast(since.human_opens as integer) as human_opens,
        cast(since.human_clicks as integer) as human_clicks,
        cast(since.desktop_events as integer) as desktop_events,
        cast(since.mobile_events as integer) as mobile_events,
        cast(since.tablet_events as integer) as tablet_events,
        cast(since.deep_conversions as integer) as deep_conversions,
        cast(since.orders as integer) as orders,
        cast(since.recent_messages_delivered as integer) as recent_messages_delivered,
        cast(since.recent_messages_opened as integer) as recent_messages_opened,
        cast(since.recent_messages_clicked as integer) as recent_messages_clicked,
        cast(since.recent_human_clicks as integer) as recent_human_clicks,
        cast(case when since.orders = 0 then 0 else since.revenue end as decimal(18, 2)) as revenue,
        coalesce(
            round(
                (since.scaled_score - coalesce(since.scaled_score_lost, 0))
                * {{ decay('subscribers.first_seen_at', 'since.as_of_at', var('score_half_life_days')) }},
                4
            ),
            0
        ) as engagement_score,

        -- times
        since.as_of_at,
        since.next_as_of_at,
        subscribers.first_seen_at,
        since.last_sent_at,
        since.first_delivered_at,
        since.last_human_engaged_at,
        since.opted_out_at
    from since
    inner join {{ ref('int_subscribers') }} as subscribers
        on since.subscriber_number = subscribers.subscriber_number
    -- What several causes share is one moment; windows by range give all of its rows the same figures.
    where since.next_as_of_at is null or since.next_as_of_at > since.as_of_at

)

select * from final
