-- Patterns are compared here, once per distinct address: links are few where clicks are many.
with

address_rules as (

    select * from {{ ref('int_event_rules') }}
    where url_pattern is not null

),

email_addresses as (

    select distinct
        address_rules.rule_number,
        address_rules.url_pattern,
        {{ ruled_address('events.url', 'events.url_query', 'address_rules.reads_query') }} as address
    from {{ ref('int_email_events') }} as events
    inner join address_rules
        on events.event_type = address_rules.event_name
    where events.actor = 'human' and events.url is not null

),

site_addresses as (

    select distinct
        address_rules.rule_number,
        address_rules.url_pattern,
        {{ ruled_address('events.page_url', 'events.page_query', 'address_rules.reads_query') }} as address
    from {{ ref('int_site_events') }} as events
    inner join address_rules
        on events.event_name = address_rules.event_name
    where events.page_url is not null

),

addresses as (

    select * from email_addresses
    union
    select * from site_addresses

),

final as (

    select
        -- keys
        rule_number,
        address
    from addresses
    where {{ regexp_like('address', 'url_pattern') }}

)

select * from final
