with

clicks as (

    select distinct
        message_key,
        url
    from {{ ref('int_email_events') }}
    where
        event_type = 'clicked'
        and message_key is not null
        and url is not null

),

messages as (

    select
        message_key,
        campaign_key,
        campaign_id
    from {{ ref('int_messages') }}
    where clicks > 0

),

inventory as (

    select * from {{ ref('stg_links__links') }}

),

links as (

    select distinct
        messages.campaign_key,
        messages.campaign_id,
        clicks.url
    from clicks
    inner join messages
        on clicks.message_key = messages.message_key

),

urls as (

    select distinct url from links

),

patterns as (

    select distinct url_pattern from inventory

),

-- Each address is compared with each pattern once, however many campaigns carry the link.
matches as (

    select
        urls.url,
        patterns.url_pattern
    from urls
    inner join patterns
        on {{ regexp_like_if_valid('urls.url', 'patterns.url_pattern') }}

),

described as (

    select
        links.campaign_key,
        links.url,
        inventory.element,
        inventory.element_type,
        inventory.position,
        inventory.content_category,
        inventory.is_hidden,
        row_number() over (
            partition by links.campaign_key, links.url
            order by
                case when inventory.campaign_id is null then 1 else 0 end asc,
                length(inventory.url_pattern) desc,
                inventory.url_pattern asc
        ) as preference
    from links
    inner join matches
        on links.url = matches.url
    inner join inventory
        on
            matches.url_pattern = inventory.url_pattern
            and coalesce(inventory.campaign_id, links.campaign_id) = links.campaign_id

),

final as (

    select
        -- keys
        {{ link_key('links.campaign_key', 'links.url') }} as link_key,
        links.campaign_key,

        -- attributes
        {{ mask_personal('links.url') }} as url,
        described.element,
        described.element_type,
        described.position,
        described.content_category,
        described.is_hidden
    from links
    left join described
        on
            links.campaign_key = described.campaign_key
            and links.url = described.url
            and described.preference = 1

)

select * from final
