{%- set half_life = var('score_half_life_days') -%}
{%- set newest = ['last_sent_at', 'engaged_at', 'opted_out_at', 'opted_in_at', 'hard_bounced_at'] -%}
{%- set added = [
    'messages_delivered', 'human_opens', 'human_clicks', 'desktop_events', 'mobile_events', 'tablet_events',
    'deep_conversions', 'orders', 'revenue',
] -%}
{%- set recent = [
    'messages_delivered', 'messages_measurable', 'messages_opened', 'messages_clicked', 'human_clicks',
] -%}
{%- set columns = (newest + added + recent) | unique | list -%}
with

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

thresholds as (

    {% for tier_day in var('engagement_tier_days') -%}
    select
        subscriber_number,
        engaged_at + interval '{{ tier_day }}' day as as_of_at
    from engaged_days
    where engaged_at + interval '{{ tier_day }}' day < until_at

    union

    {% endfor -%}
    select
        subscriber_number,
        first_seen_at + interval '{{ var("new_subscriber_days") }}' day as as_of_at
    from {{ ref('int_subscribers') }}
    where first_seen_at + interval '{{ var("new_subscriber_days") }}' day < {{ as_of_now() }}

),

-- A day that ends exactly at a threshold shows the state there already.
passed_thresholds as (

    select
        thresholds.subscriber_number,
        thresholds.as_of_at
    from thresholds
    left join {{ ref('int_subscriber_days') }} as days
        on
            thresholds.subscriber_number = days.subscriber_number
            and thresholds.as_of_at = days.as_of_at
    where days.subscriber_number is null

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

moments as (

    select
        days.subscriber_number,
        days.as_of_at,
        false as is_now,
        -- Points grow with their date here, so that a running sum holds them all; the score takes that back.
        days.points / {{ decay('subscribers.first_seen_at', 'days.day_on + interval 1 day', half_life) }} as scaled_points,
        {%- for column in columns %}
        days.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_subscriber_days') }} as days
    inner join {{ ref('int_subscribers') }} as subscribers
        on days.subscriber_number = subscribers.subscriber_number

    union all

    select
        subscriber_number,
        as_of_at,
        false as is_now,
        {{ (['null'] * (columns | length + 1)) | join(', ') }}
    from passed_thresholds

    union all

    select
        subscriber_number,
        as_of_at,
        true as is_now,
        {{ (['null'] * (columns | length + 1)) | join(', ') }}
    from present

),

running as (

    select
        subscriber_number,
        as_of_at,
        is_now,
        scaled_points,
        engaged_at is not null as is_engaged_day,
        opted_out_at is not null as is_opt_out_day,
        row_number() over so_far as state_number,
        lead(as_of_at) over (partition by subscriber_number order by as_of_at) as next_as_of_at,
        {%- for column in newest %}
        max({{ column }}) over so_far as {{ column }},
        {%- endfor %}
        {%- for column in added %}
        sum({{ column }}) over so_far as {{ column }},
        {%- endfor %}
        {%- for column in recent %}
        sum({{ column }}) over lately as recent_{{ column }},
        {%- endfor %}
        sum(scaled_points) over so_far as scaled_score
    from moments
    window
        so_far as (
            partition by subscriber_number
            order by as_of_at
            rows between unbounded preceding and current row
        ),
        lately as (
            partition by subscriber_number
            order by as_of_at
            range between interval '{{ var("persona_window_days") }}' day preceding and current row
        )

),

-- How far the sums had come at the newest engagement and before the newest opt-out: what follows is the difference.
since as (

    select
        *,
        max(case when is_engaged_day then messages_delivered end) over so_far as delivered_until_engaged,
        max(
            case when is_opt_out_day then coalesce(scaled_score, 0) - coalesce(scaled_points, 0) end
        ) over so_far as score_lost
    from running
    window
        so_far as (
            partition by subscriber_number
            order by as_of_at
            rows between unbounded preceding and current row
        )

),

final as (

    select
        -- keys
        since.subscriber_number,
        cast(since.state_number as integer) as state_number,

        -- attributes
        since.is_now,
        case
            when since.opted_out_at is null and since.hard_bounced_at is null then true
            else coalesce(since.opted_in_at > greatest(since.opted_out_at, since.hard_bounced_at), false)
        end as is_subscribed,

        -- measures
        {%- for column in added if column != 'revenue' %}
        cast(coalesce(since.{{ column }}, 0) as integer) as {{ column }},
        {%- endfor %}
        {%- for column in recent %}
        cast(coalesce(since.recent_{{ column }}, 0) as integer) as recent_{{ column }},
        {%- endfor %}
        cast(
            coalesce(since.messages_delivered, 0) - coalesce(since.delivered_until_engaged, 0) as integer
        ) as messages_ignored,
        cast(case when coalesce(since.orders, 0) = 0 then 0 else since.revenue end as decimal(18, 2)) as revenue,
        coalesce(
            round(
                (since.scaled_score - coalesce(since.score_lost, 0))
                * {{ decay('subscribers.first_seen_at', 'since.as_of_at', half_life) }},
                4
            ),
            0
        ) as engagement_score,

        -- times
        since.as_of_at,
        since.next_as_of_at,
        subscribers.first_seen_at,
        since.last_sent_at,
        since.engaged_at as last_human_engaged_at,
        since.opted_out_at
    from since
    inner join {{ ref('int_subscribers') }} as subscribers
        on since.subscriber_number = subscribers.subscriber_number

)

select * from final
