{%- set columns = [
    'export_id', 'position', 'esp', 'source_event_id', 'composite_id', 'esp_message_id', 'smtp_message_id',
    'recipient_email', 'raw_event_type', 'event_type', 'event_subtype', 'campaign_id', 'campaign_name', 'experiment',
    'variant', 'message_stream', 'url', 'link_position', 'user_agent', 'is_machine', 'machine_basis', 'reason',
    'read_seconds', 'order_id', 'revenue', 'currency', 'occurred_at', 'sent_at',
] -%}
with

recipients as (

    select
        identities.email,
        identities.subscriber_key,
        identities.recipient_domain,
        coalesce(mailbox_providers.mailbox_provider, 'other') as mailbox_provider
    from {{ source('restricted', 'subscriber_identities') }} as identities
    left join {{ ref('mailbox_providers') }} as mailbox_providers
        on identities.recipient_domain = mailbox_providers.domain

),

user_agents as (

    select
        user_agent,
        device_type,
        email_client
    from {{ source('restricted', 'user_agents') }}

),

exceptions as (

    select * from {{ ref('int_email_event_exceptions') }}

),

-- A row that is no exception stands if it has a time.
standing as (

    select
        events.*,
        coalesce(
            exceptions.event_key,
            {{ email_event_key('events.esp', 'events.source_event_id', 'events.composite_id', '1') }}
        ) as event_key,
        coalesce(exceptions.message_id, {{ email_message_id('events') }}) as message_id
    from ({{ staged_email_events(columns) }}) as events
    left join exceptions
        on events.export_id = exceptions.export_id and events.position = exceptions.position
    where coalesce(exceptions.stands, events.occurred_at is not null)

),

final as (

    select
        -- keys
        standing.event_key,
        standing.export_id,
        standing.position,
        recipients.subscriber_key,
        case
            when recipients.subscriber_key is not null
                then {{ surrogate_key(['standing.esp', 'standing.message_id', 'recipients.subscriber_key']) }}
        end as message_key,

        -- attributes
        standing.esp,
        standing.event_type,
        standing.event_subtype,
        standing.raw_event_type,
        case when standing.is_machine then 'machine' else 'human' end as actor,
        standing.is_machine,
        standing.machine_basis,
        standing.campaign_id,
        {{ mask_addresses('standing.campaign_name') }} as campaign_name,
        standing.experiment,
        standing.variant,
        standing.message_stream,
        recipients.recipient_domain,
        coalesce(recipients.mailbox_provider, 'unknown') as mailbox_provider,
        {{ url_without_query('standing.url') }} as url,
        {{ url_query('standing.url') }} as url_query,
        standing.link_position,
        user_agents.device_type,
        user_agents.email_client,
        case
            when standing.event_type = 'bounced' and standing.event_subtype = 'hard' then 'hard'
            when standing.event_type = 'bounced' then 'soft'
        end as bounce_type,
        {{ mask_addresses('standing.reason') }} as reason,

        -- measures
        standing.read_seconds,
        standing.order_id,
        standing.revenue,
        standing.currency,

        -- times
        standing.occurred_at,
        standing.sent_at
    from standing
    left join recipients
        on standing.recipient_email = recipients.email
    left join user_agents
        on standing.user_agent = user_agents.user_agent

)

select * from final
