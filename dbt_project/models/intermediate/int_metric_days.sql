{#- A message's response counts for so long after it was sent, so that old and new days compare. -#}
{%- set settling_days = var('metric_settling_days') -%}
{%- set history = "interval '" ~ var('metric_history_days') ~ "' day" -%}
{%- set settling = "interval '" ~ settling_days ~ "' day" -%}
{%- set responses = {
    'human_open_rate': 'human_first_opened_at',
    'human_click_rate': 'human_first_clicked_at',
    'conversion_rate': 'converted_at',
    'unsubscribe_rate': 'unsubscribed_at',
    'complaint_rate': 'complained_at',
} -%}
with

messages as (

    select
        messages.message_key,
        'campaign_type=' || campaigns.campaign_type as type_scope,
        cast(messages.sent_at as date) as day_on,
        messages.sent_at,
        messages.delivered_at is not null as is_delivered,
        messages.bounced_at is not null as is_bounced,
        messages.machine_only_open,
        messages.revenue,
    {%- for time in responses.values() %}
        coalesce(messages.{{ time }} <= messages.sent_at + {{ settling }}, false) as {{ time }}_counts
        {{- ',' if not loop.last }}
    {%- endfor %}
    from {{ ref('fct_messages') }} as messages
    left join {{ ref('dim_campaigns') }} as campaigns
        on messages.campaign_key = campaigns.campaign_key

),

scoped_messages as (

    select
        *,
        'all' as scope
    from messages

    union all

    select
        *,
        type_scope as scope
    from messages
    where type_scope is not null

),

days as (

    select
        scope,
        day_on,
        count(*) as sent,
        count(case when is_delivered then 1 end) as delivered,
        count(case when is_bounced then 1 end) as bounced,
        count(case when is_delivered and not machine_only_open then 1 end) as open_measurable,
        {%- for time in responses.values() %}
            count(case when is_delivered and {{ time }}_counts then 1 end) as {{ time }}_messages,
        {%- endfor %}
        coalesce(sum(revenue), 0) as revenue
    from scoped_messages
    group by scope, day_on

),

conversions as (

    select
        scoped_messages.scope,
        scoped_messages.day_on,
        facts.micro_conversion,
        count(distinct facts.message_key) as messages
    from {{ ref('fct_micro_conversions') }} as facts
    inner join scoped_messages
        on facts.message_key = scoped_messages.message_key
    where
        scoped_messages.is_delivered
        and facts.occurred_at <= scoped_messages.sent_at + {{ settling }}
    group by scoped_messages.scope, scoped_messages.day_on, facts.micro_conversion

),

rates as (
    {% for metric, time in responses.items() %}
        select
            '{{ metric }}' as metric,
            scope,
            day_on,
            cast({{ time }}_messages as double) as numerator,
            cast({{ 'open_measurable' if metric == 'human_open_rate' else 'delivered' }} as double) as denominator
        from days

        union all
    {% endfor %}
    select
        'bounce_rate' as metric,
        scope,
        day_on,
        cast(bounced as double) as numerator,
        cast(sent as double) as denominator
    from days

    union all

    select
        'revenue_per_delivered' as metric,
        scope,
        day_on,
        cast(revenue as double) as numerator,
        cast(delivered as double) as denominator
    from days

    union all

    select
        catalogue.micro_conversion || '_rate' as metric,
        days.scope,
        days.day_on,
        cast(coalesce(conversions.messages, 0) as double) as numerator,
        cast(days.delivered as double) as denominator
    from days
    cross join {{ ref('dim_micro_conversions') }} as catalogue
    left join conversions
        on
            days.scope = conversions.scope
            and days.day_on = conversions.day_on
            and catalogue.micro_conversion = conversions.micro_conversion

),

totals as (

    select
        'orders' as metric,
        cast(ordered_at as date) as day_on,
        cast(count(*) as double) as numerator
    from {{ ref('int_orders') }}
    group by cast(ordered_at as date)

    union all

    select
        'revenue' as metric,
        cast(ordered_at as date) as day_on,
        cast(coalesce(sum(revenue), 0) as double) as numerator
    from {{ ref('int_orders') }}
    group by cast(ordered_at as date)

    union all

    select
        'new_subscribers' as metric,
        cast(first_seen_at as date) as day_on,
        cast(count(*) as double) as numerator
    from {{ ref('dim_subscribers') }}
    where first_seen_at is not null
    group by cast(first_seen_at as date)

),

metrics as (

    select
        metric,
        scope,
        true as is_rate,
        day_on,
        numerator,
        denominator,
        {{ settling_days }} as settles_in_days
    from rates

    union all

    select
        metric,
        'all' as scope,
        false as is_rate,
        day_on,
        numerator,
        cast(null as double) as denominator,
        0 as settles_in_days
    from totals

),

final as (

    select
        -- keys
        metric,
        scope,
        day_on,

        -- attributes
        is_rate,
        settles_in_days,
        cast({{ as_of_now() }} as date) as as_of_on,

        -- measures
        numerator,
        denominator
    from metrics
    where
        day_on <= cast({{ as_of_now() }} as date)
        and day_on > cast({{ as_of_now() }} - {{ history }} as date)

)

select * from final
