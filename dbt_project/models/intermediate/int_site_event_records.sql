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

users as (

    select
        identifier_digest,
        subscriber_key
    from {{ ref('int_site_identifiers') }}
    where identifier_type = 'user'

),

visitors as (

    select
        identifier_digest,
        subscriber_key
    from {{ ref('int_site_identifiers') }}
    where identifier_type = 'visitor'

),

user_agents as (

    select
        user_agent,
        device_type
    from {{ source('restricted', 'user_agents') }}

),

final as (

    select
        -- keys
        calls.export_id,
        calls.position,
        case
            when calls.source_event_id is null then {{ surrogate_key(["'segment'", "'row'", 'calls.composite_id']) }}
            else {{ surrogate_key(["'segment'", "'id'", 'calls.source_event_id']) }}
        end as event_key,
        coalesce(identities.subscriber_key, users.subscriber_key, visitors.subscriber_key) as subscriber_key,

        -- attributes
        calls.source_event_id is not null as is_numbered,
        calls.call_type,
        calls.event_name,
        {{ url_without_query('calls.page_url') }} as page_url,
        {{ url_query('calls.page_url') }} as page_query,
        {{ query_parameter(verbatim_query('calls.page_url'), var('message_parameter')) }} as message_parameter,
        calls.context_campaign_id,
        calls.context_campaign_name,
        calls.order_id,
        calls.currency,
        {{ mask_addresses('calls.properties') }} as properties,
        user_agents.device_type,

        -- measures
        calls.amount,

        -- times
        calls.occurred_at
    from calls
    left join identities
        on calls.email = identities.email
    left join users
        on md5(calls.user_id) = users.identifier_digest
    left join visitors
        on md5(calls.anonymous_id) = visitors.identifier_digest
    left join user_agents
        on calls.user_agent = user_agents.user_agent

),

-- What raw no longer holds: its export was aged out, or its person erased.
retained as (

    select
        retained.export_id,
        retained.position,
        retained.event_key,
        retained.subscriber_key,
        retained.is_numbered,
        retained.call_type,
        retained.event_name,
        retained.page_url,
        retained.page_query,
        retained.message_parameter,
        retained.context_campaign_id,
        retained.context_campaign_name,
        retained.order_id,
        retained.currency,
        retained.properties,
        retained.device_type,
        retained.amount,
        retained.occurred_at
    from {{ source('retained', 'site_event_records') }} as retained
    inner join {{ source('pipeline', 'exports') }} as exports
        on retained.export_id = exports.export_id
    where exports.status in ('published', 'released', 'erased')

)

select * from final
union all
select * from retained
