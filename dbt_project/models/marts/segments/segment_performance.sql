{%- set closing_days = closing_days() | int -%}
with

messages as (

    select
        *,
        cast(date_trunc('month', sent_at) as date) as month_on
    from {{ ref('fct_messages') }}
    where delivered_at is not null

),

memberships as (

    select * from {{ ref('segment_membership') }}

),

-- A send comes before what happens in the same moment, hence before the entry that it may bring about.
received as (

    select
        memberships.segment,
        messages.month_on,
        messages.subscriber_key,
        messages.human_first_clicked_at,
        messages.unsubscribed_at,
        messages.conversions,
        messages.revenue
    from messages
    inner join memberships
        on
            messages.subscriber_key = memberships.subscriber_key
            and messages.sent_at > memberships.entered_at
            and (messages.sent_at <= memberships.left_at or memberships.left_at is null)

),

segments as (

    select
        segment,
        month_on,
        count(distinct subscriber_key) as subscribers,
        count(*) as delivered,
        count(human_first_clicked_at) as human_unique_clicks,
        count(unsubscribed_at) as unsubscribes,
        count(case when conversions > 0 then 1 end) as converted_messages,
        sum(conversions) as conversions,
        sum(revenue) as revenue
    from received
    group by segment, month_on

),

account as (

    select
        month_on,
        count(*) as delivered,
        count(human_first_clicked_at) as human_unique_clicks
    from messages
    group by month_on

),

final as (

    select
        -- keys
        segments.segment,
        segments.month_on,

        -- measures and rates, in the contract's order
        segments.subscribers,
        segments.delivered,
        segments.human_unique_clicks / nullif(segments.delivered, 0) as human_click_rate,
        {{ wilson_lo('segments.human_unique_clicks', 'segments.delivered') }} as human_click_rate_lo,
        {{ wilson_hi('segments.human_unique_clicks', 'segments.delivered') }} as human_click_rate_hi,
        segments.unsubscribes / nullif(segments.delivered, 0) as unsubscribe_rate,
        segments.converted_messages / nullif(segments.delivered, 0) as conversion_rate,
        case
            when segments.conversions = 0 then 0
            else cast(segments.revenue as double) / nullif(segments.delivered, 0)
        end as revenue_per_delivered,

        -- intervals
        {{ wilson_lo('segments.unsubscribes', 'segments.delivered') }} as unsubscribe_rate_lo,
        {{ wilson_hi('segments.unsubscribes', 'segments.delivered') }} as unsubscribe_rate_hi,
        {{ wilson_lo('segments.converted_messages', 'segments.delivered') }} as conversion_rate_lo,
        {{ wilson_hi('segments.converted_messages', 'segments.delivered') }} as conversion_rate_hi,

        -- parts, and what they are held against
        segments.human_unique_clicks,
        segments.unsubscribes,
        segments.converted_messages,
        cast(segments.conversions as bigint) as conversions,
        cast(case when segments.conversions = 0 then 0 else segments.revenue end as decimal(18, 2)) as revenue,
        account.human_unique_clicks / nullif(account.delivered, 0) as account_click_rate,
        cast(segments.month_on as timestamp) + interval '1' month + interval '{{ closing_days }}' day
        <= {{ as_of_now() }} as is_closed
    from segments
    inner join account
        on segments.month_on = account.month_on

)

select * from final
