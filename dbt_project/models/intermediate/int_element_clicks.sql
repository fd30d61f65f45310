with

messages as (

    select
        message_key,
        campaign_key,
        variant,
        is_delivered
    from {{ ref('int_messages') }}
    where is_sent

),

clicks as (

    select
        events.event_key,
        events.message_key,
        messages.campaign_key,
        messages.variant,
        messages.is_delivered,
        events.url,
        events.actor,
        events.occurred_at
    from {{ ref('int_email_events') }} as events
    inner join messages
        on events.message_key = messages.message_key
    where events.event_type = 'clicked'

),

mails as (

    select
        campaign_key,
        variant,
        count(case when is_delivered then 1 end) as delivered
    from messages
    group by campaign_key, variant

),

message_links as (

    select
        campaign_key,
        variant,
        url,
        message_key,
        count(case when actor = 'human' and is_delivered then 1 end) as human_clicks
    from clicks
    where url is not null
    group by campaign_key, variant, url, message_key

),

elements as (

    select
        campaign_key,
        variant,
        url,
        cast(sum(human_clicks) as bigint) as human_clicks,
        count(case when human_clicks > 0 then 1 end) as human_unique_clicks
    from message_links
    group by campaign_key, variant, url

),

-- The newest human click before an order earns it; among those of one moment the greatest key is taken for the newest,
-- as in int_outcome_messages.
order_clicks as (

    select
        orders.order_key,
        orders.revenue,
        clicks.campaign_key,
        clicks.variant,
        clicks.url,
        row_number() over (partition by orders.order_key order by clicks.event_key desc) as recency
    from {{ ref('int_orders') }} as orders
    inner join clicks
        on
            orders.message_key = clicks.message_key
            and orders.click_at = clicks.occurred_at
    where clicks.actor = 'human'

),

credits as (

    select
        campaign_key,
        variant,
        url,
        count(*) as conversions,
        sum(revenue) as revenue
    from order_clicks
    where recency = 1
    group by campaign_key, variant, url

),

keyed as (

    select
        elements.*,
        mails.delivered,
        coalesce(credits.conversions, 0) as conversions,
        case when credits.conversions is null then 0 else credits.revenue end as revenue,
        {{ link_key('elements.campaign_key', 'elements.url') }} as link_key
    from elements
    inner join mails
        on
            elements.campaign_key = mails.campaign_key
            and elements.variant = mails.variant
    left join credits
        on
            elements.campaign_key = credits.campaign_key
            and elements.variant = credits.variant
            and elements.url = credits.url

),

final as (

    select
        -- keys
        keyed.campaign_key,
        keyed.variant,
        keyed.link_key,

        -- attributes
        links.element,
        links.element_type,
        links.position,
        links.content_category,

        -- measures
        keyed.delivered,
        keyed.human_clicks,
        keyed.human_unique_clicks,
        keyed.conversions,
        cast(keyed.revenue as decimal(18, 2)) as revenue
    from keyed
    inner join {{ ref('dim_links') }} as links
        on keyed.link_key = links.link_key
    where not coalesce(links.is_hidden, false)

)

select * from final
