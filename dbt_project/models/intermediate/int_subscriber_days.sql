{#- What a day holds: the newest time of a kind, how many events meet a condition, and sums. -#}
{%- set newest = ['last_sent_at', 'engaged_at', 'opted_out_at', 'opted_in_at', 'hard_bounced_at'] -%}
{%- set counted = [
    'messages_delivered', 'messages_measurable', 'messages_opened', 'messages_clicked', 'human_opens', 'human_clicks',
    'desktop_events', 'mobile_events', 'tablet_events', 'deep_conversions', 'orders',
] -%}
{%- set summed = {'points': 'decimal(18, 9)', 'revenue': 'decimal(18, 2)'} -%}
{#- What each stream of activity adds to it. -#}
{%- set streams = [
    {
        'relation': 'email_events',
        'time': 'occurred_at',
        'adds': {
            'engaged_at': 'case when is_engagement then occurred_at end',
            'opted_out_at': 'case when is_opt_out then occurred_at end',
            'opted_in_at': 'case when is_opt_in then occurred_at end',
            'hard_bounced_at': 'case when is_hard_bounce then occurred_at end',
            'human_opens': "event_type = 'opened'",
            'human_clicks': "event_type = 'clicked'",
        },
    },
    {
        'relation': 'subscribers',
        'time': 'signed_up_at',
        'adds': {'opted_in_at': 'signed_up_at'},
    },
    {
        'relation': 'sent_messages',
        'time': 'sent_at',
        'adds': {'last_sent_at': 'sent_at'},
    },
    {
        'relation': 'delivered_messages',
        'time': 'delivered_at',
        'adds': {'messages_delivered': 'true', 'messages_measurable': 'not machine_only_open'},
    },
    {
        'relation': 'opened_messages',
        'time': 'human_first_opened_at',
        'adds': {'messages_opened': 'true'},
    },
    {
        'relation': 'clicked_messages',
        'time': 'human_first_clicked_at',
        'adds': {'messages_clicked': 'true'},
    },
    {
        'relation': 'micro_conversions',
        'time': 'occurred_at',
        'adds': {
            'engaged_at': 'occurred_at',
            'desktop_events': "device_type = 'desktop'",
            'mobile_events': "device_type = 'mobile'",
            'tablet_events': "device_type = 'tablet'",
            'deep_conversions': 'stage = 3',
            'points': 'weight * ' ~ decay('occurred_at', 'day_ends_at', var('score_half_life_days')),
        },
    },
    {
        'relation': 'orders',
        'time': 'ordered_at',
        'adds': {'orders': 'true', 'revenue': 'revenue'},
    },
] -%}
with

subscribers as (

    select * from {{ ref('int_subscribers') }}

),

email_events as (

    select
        subscriber_key,
        occurred_at,
        event_type,
        event_type in ('opened', 'clicked', 'replied', 'forwarded') as is_engagement,
        event_type = 'unsubscribed'
        or (event_type = 'complained' and coalesce(event_subtype, '') != 'not_spam') as is_opt_out,
        event_type = 'resubscribed' as is_opt_in,
        event_type = 'bounced' as is_hard_bounce
    from {{ ref('int_email_events') }}
    where
        subscriber_key is not null
        and (
            (event_type in ('opened', 'clicked', 'replied', 'forwarded') and actor = 'human')
            or event_type in ('unsubscribed', 'resubscribed', 'complained')
            or (event_type = 'bounced' and bounce_type = 'hard')
        )

),

sent_messages as (

    select * from {{ ref('int_messages') }}
    where is_sent

),

delivered_messages as (

    select * from {{ ref('int_messages') }}
    where is_delivered

),

opened_messages as (

    select * from {{ ref('int_messages') }}
    where human_first_opened_at is not null

),

clicked_messages as (

    select * from {{ ref('int_messages') }}
    where human_first_clicked_at is not null

),

orders as (

    select * from {{ ref('int_orders') }}

),

-- An opt-out takes the points of its day up to its moment with it.
opt_outs as (

    select
        subscriber_key,
        cast(occurred_at as date) as day_on,
        max(occurred_at) as opted_out_at
    from email_events
    where is_opt_out
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

    {% for stream in streams -%}
    select
        subscriber_key,
        {{ stream.time }} as happened_at,
        {%- for column in newest %}
        cast({{ stream.adds.get(column, 'null') }} as timestamp) as {{ column }},
        {%- endfor %}
        {%- for column in counted %}
        {{ stream.adds.get(column, 'false') }} as {{ column }},
        {%- endfor %}
        {%- for column, type in summed.items() %}
        cast({{ stream.adds.get(column, 'null') }} as {{ type }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ stream.relation }}
    where
        subscriber_key is not null
        and {{ stream.time }} is not null
    {%- if not loop.last %}

    union all

    {% endif %}
    {%- endfor %}

),

final as (

    select
        -- keys
        subscribers.subscriber_number,
        cast(activities.happened_at as date) as day_on,

        -- times
        max(activities.happened_at) as as_of_at,
        {%- for column in newest %}
        max(activities.{{ column }}) as {{ column }},
        {%- endfor %}

        -- measures
        {%- for column in counted %}
        cast(count(case when activities.{{ column }} then 1 end) as integer) as {{ column }},
        {%- endfor %}
        {%- for column, type in summed.items() %}
        cast(sum(activities.{{ column }}) as {{ type }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from activities
    inner join subscribers
        on activities.subscriber_key = subscribers.subscriber_key
    group by subscribers.subscriber_number, cast(activities.happened_at as date)

)

select * from final
