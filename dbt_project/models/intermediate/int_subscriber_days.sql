with

email_events as (

    select
        subscriber_key,
        occurred_at,
        case
            when event_type = 'opened' then 'open'
            when event_type = 'clicked' then 'click'
            when event_type in ('replied', 'forwarded') then 'response'
            when event_type in ('unsubscribed', 'complained') then 'opt_out'
            when event_type = 'resubscribed' then 'opt_in'
            when event_type = 'bounced' then 'hard_bounce'
        end as kind
    from {{ ref('int_email_events') }}
    where
        subscriber_key is not null
        and (
            (event_type in ('opened', 'clicked', 'replied', 'forwarded') and actor = 'human')
            or event_type in ('unsubscribed', 'resubscribed')
            or (event_type = 'complained' and coalesce(event_subtype, '') != 'not_spam')
            or (event_type = 'bounced' and bounce_type = 'hard')
        )

),

messages as (

    select * from {{ ref('int_messages') }}

),

subscribers as (

    select * from {{ ref('int_subscribers') }}

),

-- An opt-out takes the points of its day up to its moment with it.
opt_outs as (

    select
        subscriber_key,
        cast(occurred_at as date) as day_on,
        max(occurred_at) as opted_out_at
    from email_events
    where kind = 'opt_out'
    group by subscriber_key, cast(occurred_at as date)

),

micro_conversions as (

    select
        facts.subscriber_key,
        facts.occurred_at,
        facts.stage,
        facts.device_type,
        case
            when opt_outs.opted_out_at is null or facts.occurred_at > opt_outs.opted_out_at
                then catalogue.weight
        end as weight,
        cast(facts.occurred_at as date) + interval '1' day as day_ends_at
    from {{ ref('fct_micro_conversions') }} as facts
    inner join {{ ref('dim_micro_conversions') }} as catalogue
        on facts.micro_conversion = catalogue.micro_conversion
    left join opt_outs
        on
            facts.subscriber_key = opt_outs.subscriber_key
            and cast(facts.occurred_at as date) = opt_outs.day_on
    where facts.subscriber_key is not null

),

activities as (

    select
        subscriber_key,
        occurred_at as happened_at,
        kind,
        cast(null as integer) as stage,
        cast(null as varchar) as device_type,
        cast(null as decimal(18, 9)) as points,
        cast(null as decimal(18, 2)) as revenue
    from email_events

    union all

    select
        subscriber_key,
        first_seen_at as happened_at,
        'first_seen' as kind,
        null as stage,
        null as device_type,
        null as points,
        null as revenue
    from subscribers
    where first_seen_at is not null

    union all

    select
        subscriber_key,
        signed_up_at as happened_at,
        'opt_in' as kind,
        null as stage,
        null as device_type,
        null as points,
        null as revenue
    from subscribers
    where signed_up_at is not null

    union all

    select
        subscriber_key,
        sent_at as happened_at,
        'sent' as kind,
        null as stage,
        null as device_type,
        null as points,
        null as revenue
    from messages
    where is_sent

    union all

    select
        subscriber_key,
        delivered_at as happened_at,
        'delivered' as kind,
        null as stage,
        null as device_type,
        null as points,
        null as revenue
    from messages
    where is_delivered

    union all

    select
        subscriber_key,
        human_first_opened_at as happened_at,
        'first_open' as kind,
        null as stage,
        null as device_type,
        null as points,
        null as revenue
    from messages
    where human_first_opened_at is not null

    union all

    select
        subscriber_key,
        human_first_clicked_at as happened_at,
        'first_click' as kind,
        null as stage,
        null as device_type,
        null as points,
        null as revenue
    from messages
    where human_first_clicked_at is not null

    union all

    select
        subscriber_key,
        occurred_at as happened_at,
        'conversion' as kind,
        stage,
        device_type,
        cast(
            weight * {{ decay('occurred_at', 'day_ends_at', var('score_half_life_days')) }} as decimal(18, 9)
        ) as points,
        null as revenue
    from micro_conversions

    union all

    select
        subscriber_key,
        ordered_at as happened_at,
        'order' as kind,
        null as stage,
        null as device_type,
        null as points,
        revenue
    from {{ ref('int_orders') }}
    where subscriber_key is not null

),

final as (

    select
        -- keys
        subscribers.subscriber_number,
        cast(activities.happened_at as date) as day_on,

        -- times
        max(activities.happened_at) as as_of_at,
        max(case when activities.kind = 'sent' then activities.happened_at end) as last_sent_at,
        min(case when activities.kind = 'delivered' then activities.happened_at end) as first_delivered_at,
        max(
            case
                when activities.kind in ('open', 'click', 'response', 'conversion') then activities.happened_at
            end
        ) as engaged_at,
        max(case when activities.kind = 'opt_out' then activities.happened_at end) as opted_out_at,
        max(case when activities.kind = 'opt_in' then activities.happened_at end) as opted_in_at,
        max(case when activities.kind = 'hard_bounce' then activities.happened_at end) as hard_bounced_at,

        -- measures
        count(case when activities.kind = 'delivered' then 1 end) as messages_delivered,
        count(case when activities.kind = 'first_open' then 1 end) as messages_opened,
        count(case when activities.kind = 'first_click' then 1 end) as messages_clicked,
        count(case when activities.kind = 'open' then 1 end) as human_opens,
        count(case when activities.kind = 'click' then 1 end) as human_clicks,
        count(case when activities.device_type = 'desktop' then 1 end) as desktop_events,
        count(case when activities.device_type = 'mobile' then 1 end) as mobile_events,
        count(case when activities.device_type = 'tablet' then 1 end) as tablet_events,
        count(case when activities.stage = 3 then 1 end) as deep_conversions,
        count(case when activities.kind = 'order' then 1 end) as orders,
        sum(activities.points) as points,
        sum(activities.revenue) as revenue
    from activities
    inner join subscribers
        on activities.subscriber_key = subscribers.subscriber_key
    group by subscribers.subscriber_number, cast(activities.happened_at as date)

)

select * from final
