with

email_events as (

    select
        events.event_key,
        events.event_type as event_name,
        events.subscriber_key,
        case when events.event_type = 'purchased' then outcomes.message_key else events.message_key end as message_key,
        case when events.event_type = 'clicked' then events.url end as clicked_url,
        events.url,
        events.url_query,
        cast(null as varchar) as properties,
        events.read_seconds,
        cast(null as varchar) as content_category,
        events.order_id,
        events.device_type,
        events.email_client,
        events.occurred_at
    from {{ ref('int_email_events') }} as events
    left join {{ ref('int_outcome_messages') }} as outcomes
        on case when events.event_type = 'purchased' then events.event_key end = outcomes.event_key
    where events.actor = 'human'

),

site_events as (

    select
        events.site_event_key as event_key,
        events.event_name,
        events.subscriber_key,
        outcomes.message_key,
        cast(null as varchar) as clicked_url,
        events.page_url as url,
        events.page_query as url_query,
        events.properties,
        cast(null as double) as read_seconds,
        {{ json_text('events.properties', "'category'") }} as content_category,
        events.order_id,
        events.device_type,
        cast(null as varchar) as email_client,
        events.occurred_at
    from {{ ref('int_site_events') }} as events
    left join {{ ref('int_outcome_messages') }} as outcomes
        on events.site_event_key = outcomes.event_key

),

human_events as (

    select * from email_events
    union all
    select * from site_events

),

ruled_events as (

    select
        human_events.*,
        rules.micro_conversion,
        rules.rule_number,
        rules.family,
        rules.stage,
        rules.is_macro,
        rules.may_repeat,
        rules.minimum,
        case
            when rules.property is null then null
            when human_events.properties is not null
                then {{ number(json_text('human_events.properties', 'rules.property')) }}
            when rules.property = 'read_seconds' then human_events.read_seconds
        end as property_value
    from human_events
    inner join {{ ref('int_event_rules') }} as rules
        on human_events.event_name = rules.event_name
    left join {{ ref('int_address_rules') }} as addresses
        on
            rules.rule_number = addresses.rule_number
            and {{ ruled_address('human_events.url', 'human_events.url_query', 'rules.reads_query') }}
            = addresses.address
    where rules.url_pattern is null or addresses.rule_number is not null

),

satisfied as (

    select * from ruled_events
    where minimum is null or property_value >= minimum

),

-- Several lines may name one micro-conversion, and several events one order: the earliest stands.
numbered as (

    select
        *,
        case when family = 'order' then coalesce(order_id, event_key) else event_key end as occurrence,
        row_number() over (
            partition by
                micro_conversion,
                case when family = 'order' then coalesce(order_id, event_key) else event_key end
            order by occurred_at, event_key, rule_number
        ) as repetition
    from satisfied
    where may_repeat

),

counted as (

    select
        micro_conversion,
        family,
        stage,
        is_macro,
        event_key,
        event_key as occurrence,
        subscriber_key,
        message_key,
        clicked_url,
        content_category,
        device_type,
        email_client,
        property_value,
        occurred_at
    from satisfied
    where not may_repeat

    union all

    select
        micro_conversion,
        family,
        stage,
        is_macro,
        event_key,
        occurrence,
        subscriber_key,
        message_key,
        clicked_url,
        content_category,
        device_type,
        email_client,
        property_value,
        occurred_at
    from numbered
    where repetition = 1

),

sent_messages as (

    select * from {{ ref('int_messages') }}
    where is_sent

),

placed as (

    select
        counted.micro_conversion,
        counted.family,
        counted.stage,
        counted.is_macro,
        counted.event_key,
        counted.occurrence,
        counted.subscriber_key,
        counted.content_category,
        counted.device_type,
        counted.email_client,
        counted.property_value,
        counted.occurred_at,
        messages.message_key,
        messages.campaign_key,
        messages.variant,
        messages.delivered_at,
        case
            when counted.clicked_url is not null
                then {{ link_key('messages.campaign_key', 'counted.clicked_url') }}
        end as link_key,
        orders.revenue
    from counted
    left join sent_messages as messages
        on counted.message_key = messages.message_key
    left join {{ ref('int_orders') }} as orders
        on case when counted.family = 'order' then counted.occurrence end = orders.order_id

),

final as (

    select
        -- keys
        {{ surrogate_key(['placed.micro_conversion', 'placed.occurrence']) }} as micro_conversion_key,
        placed.micro_conversion,
        placed.subscriber_key,
        placed.message_key,
        placed.campaign_key,
        coalesce(placed.variant, '') as variant,
        links.link_key,

        -- attributes
        coalesce(links.content_category, {{ mask_personal('placed.content_category') }}) as content_category,
        links.element,

        -- times
        placed.occurred_at,
        cast(floor({{ seconds_between('placed.delivered_at', 'placed.occurred_at') }}) as bigint)
            as seconds_since_delivery,

        -- attributes
        placed.device_type,
        placed.email_client,

        -- measures
        cast(coalesce(placed.revenue, placed.property_value) as decimal(18, 2)) as value,

        -- beyond the contract
        placed.family,
        placed.stage,
        placed.is_macro,
        placed.event_key
    from placed
    left join {{ ref('dim_links') }} as links
        on placed.link_key = links.link_key

)

select * from final
