{#- What a stream of activity adds to a day, in the order of the columns; what it does not speak of stays NULL. -#}
{%- set additions = {
    'last_sent_at': 'timestamp',
    'engaged_at': 'timestamp',
    'opted_out_at': 'timestamp',
    'opted_in_at': 'timestamp',
    'hard_bounced_at': 'timestamp',
    'messages_delivered': 'integer',
    'messages_measurable': 'integer',
    'messages_opened': 'integer',
    'messages_clicked': 'integer',
    'human_opens': 'integer',
    'human_clicks': 'integer',
    'desktop_events': 'integer',
    'mobile_events': 'integer',
    'tablet_events': 'integer',
    'deep_conversions': 'integer',
    'points': 'decimal(18, 9)',
    'orders': 'integer',
    'revenue': 'decimal(18, 2)',
} -%}
{%- macro adding(stream) -%}
    {%- for column, type in additions.items() %}
        cast({{ stream.get(column, 'null') }} as {{ type }}) as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro -%}
{%- macro one_if(condition) -%}
    case when {{ condition }} then 1 end
{%- endmacro -%}
with

email_events as (

    select
        subscriber_key,
        occurred_at,
        event_type,
        event_type in ('opened', 'clicked', 'replied', 'forwarded') and actor = 'human' as is_engagement,
        event_type = 'unsubscribed'
        or (event_type = 'complained' and coalesce(event_subtype, '') != 'not_spam') as is_opt_out,
        event_type = 'bounced' and bounce_type = 'hard' as is_hard_bounce,
        device_type
    from {{ ref('int_email_events') }}
    where
        subscriber_key is not null
        and event_type in (
            'opened', 'clicked', 'replied', 'forwarded', 'unsubscribed', 'resubscribed', 'complained', 'bounced'
        )

),

messages as (

    select * from {{ ref('int_messages') }}

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
        facts.stage = 3 as is_deep,
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

streams as (

    select
        subscriber_key,
        occurred_at as happened_at,
        {{- adding({
            'engaged_at': 'case when is_engagement then occurred_at end',
            'opted_out_at': 'case when is_opt_out then occurred_at end',
            'opted_in_at': "case when event_type = 'resubscribed' then occurred_at end",
            'hard_bounced_at': 'case when is_hard_bounce then occurred_at end',
            'human_opens': one_if("event_type = 'opened' and is_engagement"),
            'human_clicks': one_if("event_type = 'clicked' and is_engagement"),
            'desktop_events': one_if("device_type = 'desktop' and is_engagement"),
            'mobile_events': one_if("device_type = 'mobile' and is_engagement"),
            'tablet_events': one_if("device_type = 'tablet' and is_engagement"),
        }) }}
    from email_events
    where is_engagement or is_opt_out or is_hard_bounce or event_type = 'resubscribed'

    union all

    select
        subscriber_key,
        occurred_at as happened_at,
        {{- adding({
            'engaged_at': 'occurred_at',
            'desktop_events': one_if("device_type = 'desktop'"),
            'mobile_events': one_if("device_type = 'mobile'"),
            'tablet_events': one_if("device_type = 'tablet'"),
        }) }}
    from {{ ref('int_site_events') }}
    where subscriber_key is not null

    union all

    select
        subscriber_key,
        signed_up_at as happened_at,
        {{- adding({'opted_in_at': 'signed_up_at'}) }}
    from {{ ref('int_subscribers') }}
    where signed_up_at is not null

    union all

    select
        subscriber_key,
        sent_at as happened_at,
        {{- adding({'last_sent_at': 'sent_at'}) }}
    from messages
    where is_sent

    union all

    select
        subscriber_key,
        coalesce(delivered_at, sent_at) as happened_at,
        {{- adding({
            'messages_delivered': '1',
            'messages_measurable': one_if('not machine_only_open'),
        }) }}
    from messages
    where is_delivered

    union all

    select
        subscriber_key,
        human_first_opened_at as happened_at,
        {{- adding({'messages_opened': '1'}) }}
    from messages
    where human_first_opened_at is not null

    union all

    select
        subscriber_key,
        human_first_clicked_at as happened_at,
        {{- adding({'messages_clicked': '1'}) }}
    from messages
    where human_first_clicked_at is not null

    union all

    select
        subscriber_key,
        occurred_at as happened_at,
        {{- adding({
            'deep_conversions': one_if('is_deep'),
            'points': 'weight * '
            ~ decay('occurred_at', 'day_ends_at', var('score_half_life_days')),
        }) }}
    from micro_conversions

    union all

    select
        subscriber_key,
        ordered_at as happened_at,
        {{- adding({'orders': '1', 'revenue': 'revenue'}) }}
    from {{ ref('int_orders') }}
    where subscriber_key is not null

),

final as (

    select
        -- keys
        subscribers.subscriber_number,
        cast(streams.happened_at as date) as day_on,

        -- times
        max(streams.happened_at) as as_of_at,
        {%- for column, type in additions.items() if type == 'timestamp' %}
        max(streams.{{ column }}) as {{ column }},
        {%- endfor %}

        -- measures
        {%- for column, type in additions.items() if type != 'timestamp' %}
        cast(
            sum(streams.{{ column }}) as {{ type }}
        ) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from streams
    inner join {{ ref('int_subscribers') }} as subscribers
        on streams.subscriber_key = subscribers.subscriber_key
    group by subscribers.subscriber_number, cast(streams.happened_at as date)

)

select * from final
