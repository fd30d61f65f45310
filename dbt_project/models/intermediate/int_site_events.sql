with

calls as (

    select * from {{ ref('stg_segment__calls') }}

),

identities as (

    select
        email,
        subscriber_key
    from {{ source('restricted', 'subscriber_identities') }}

),

user_agents as (

    select
        user_agent,
        device_type
    from {{ source('restricted', 'user_agents') }}

),

-- Every call that names a person, identify calls too.
named_calls as (

    select distinct
        calls.user_id,
        calls.anonymous_id,
        identities.subscriber_key
    from calls
    left join identities
        on calls.email = identities.email
    where calls.user_id is not null or calls.anonymous_id is not null

),

users as (

    select
        user_id,
        min(subscriber_key) as subscriber_key
    from named_calls
    where user_id is not null
    group by user_id
    having count(distinct subscriber_key) = 1

),

visitors as (

    select
        named_calls.anonymous_id,
        min(coalesce(named_calls.subscriber_key, users.subscriber_key)) as subscriber_key
    from named_calls
    left join users
        on named_calls.user_id = users.user_id
    where named_calls.anonymous_id is not null
    group by named_calls.anonymous_id
    having count(distinct coalesce(named_calls.subscriber_key, users.subscriber_key)) = 1

),

site_calls as (

    select
        *,
        {{ sha256_hex(normalised_json('record')) }} as payload_sha256
    from calls
    where event_name is not null and occurred_at is not null

),

-- Identical calls without an id count as often as they occur in one export.
counted as (

    select
        *,
        row_number() over (
            partition by export_id, source_event_id, payload_sha256
            order by position
        ) as occurrence
    from site_calls

),

keyed as (

    select
        *,
        case
            when source_event_id is null
                then {{ surrogate_key(["'segment'", "'row'", 'payload_sha256', 'occurrence']) }}
            else {{ surrogate_key(["'segment'", "'id'", 'source_event_id']) }}
        end as site_event_key
    from counted

),

ranked as (

    select
        *,
        row_number() over (
            partition by site_event_key
            order by payload_sha256, export_id, position
        ) as preference
    from keyed

),

addressed as (

    select
        *,
        {{ url_without_query('page_url') }} as page_url_without_query,
        {{ url_query('page_url') }} as page_query
    from ranked
    where preference = 1

),

final as (

    select
        -- keys
        addressed.site_event_key,
        addressed.export_id,
        addressed.position,
        coalesce(identities.subscriber_key, users.subscriber_key, visitors.subscriber_key) as subscriber_key,

        -- attributes
        addressed.event_name,
        addressed.page_url_without_query as page_url,
        addressed.page_query,
        {{ query_parameter('addressed.page_query', var('message_parameter')) }} as message_parameter,
        addressed.context_campaign_id,
        addressed.context_campaign_name,
        addressed.order_id,
        addressed.currency,
        {{ mask_addresses('addressed.properties') }} as properties,
        user_agents.device_type,

        -- measures
        addressed.amount,

        -- times
        addressed.occurred_at
    from addressed
    left join identities
        on addressed.email = identities.email
    left join users
        on addressed.user_id = users.user_id
    left join visitors
        on addressed.anonymous_id = visitors.anonymous_id
    left join user_agents
        on addressed.user_agent = user_agents.user_agent

)

select * from final
