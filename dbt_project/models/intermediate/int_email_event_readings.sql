{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=['{{ touch_events_of_changed_exports() }}', '{{ forget_changed_exports() }}'],
    post_hook='{{ touch_events_of_changed_exports() }}'
) }}

{%- set columns = [
    'export_id', 'position', 'part', 'esp', 'source_event_id', 'composite_id', 'esp_message_id', 'smtp_message_id',
    'recipient_email', 'raw_event_type', 'event_type', 'event_subtype', 'campaign_id', 'campaign_name', 'experiment',
    'variant', 'message_stream', 'url', 'link_position', 'user_agent', 'ip', 'device_type', 'email_client', 'proxy',
    'is_machine', 'machine_basis', 'reason', 'read_seconds', 'order_id', 'revenue', 'currency', 'occurred_at', 'sent_at',
    'time_basis',
] -%}
-- Each verbatim record is taken apart once, here, and written once: in the run that first sees its export.
with

staged as (

    select *
    from (
        {{ staged_email_events(columns) }}
    ) as staged_events
    where {{ is_of_changed_export('export_id') }}

),

-- An address is written out once, before it is held against every network.
located as (

    select
        *,
        case when ip is not null then {{ address_digits('ip') }} end as address_digits
    from staged

),

recipients as (

    select
        identities.email,
        identities.subscriber_key,
        identities.recipient_domain,
        case
            when identities.recipient_domain is not null then coalesce(mailbox_providers.mailbox_provider, 'other')
        end as mailbox_provider
    from {{ source('restricted', 'subscriber_identities') }} as identities
    left join {{ ref('mailbox_providers') }} as mailbox_providers
        on identities.recipient_domain = mailbox_providers.domain

),

user_agents as (

    select
        user_agent,
        user_agent_key,
        device_type,
        {{ mask_personal('email_client') }} as email_client
    from {{ source('restricted', 'user_agents') }}

),

networks as (

    {{ network_list(ref('int_machine_networks')) }}

),

secrets as (

    select max(value) as secret
    from {{ source('restricted', 'secrets') }}
    where name = 'networks'

),

final as (

    select
        -- keys
        staged.export_id,
        staged.position,
        staged.part,
        case
            when staged.source_event_id is null
                then {{ surrogate_key(['staged.esp', "'row'", 'staged.composite_id']) }}
            else {{ surrogate_key(['staged.esp', "'id'", 'staged.source_event_id']) }}
        end as event_key,
        recipients.subscriber_key,
        case
            when recipients.subscriber_key is not null
                then {{ surrogate_key([
                    'staged.esp',
                    "coalesce(
                        staged.esp_message_id,
                        'smtp:' || staged.smtp_message_id,
                        'campaign:' || staged.campaign_id
                    )",
                    'recipients.subscriber_key',
                ]) }}
        end as message_key,

        -- attributes
        staged.source_event_id is not null as is_numbered,
        staged.esp_message_id is not null or staged.smtp_message_id is not null as names_message,
        staged.esp,
        staged.event_type,
        staged.event_subtype,
        staged.raw_event_type,
        case when staged.is_machine then 'machine' else 'human' end as actor,
        staged.is_machine,
        staged.machine_basis,
        staged.campaign_id,
        {{ mask_personal('staged.campaign_name') }} as campaign_name,
        {{ mask_personal('staged.experiment') }} as experiment,
        {{ mask_personal('staged.variant') }} as variant,
        staged.message_stream,
        recipients.recipient_domain,
        coalesce(recipients.mailbox_provider, 'unknown') as mailbox_provider,
        {{ url_without_query('staged.url') }} as url,
        {{ url_query('staged.url') }} as url_query,
        staged.link_position,
        coalesce(user_agents.device_type, staged.device_type) as device_type,
        coalesce(user_agents.email_client, {{ mask_personal('staged.email_client') }}) as email_client,
        user_agents.user_agent_key,
        staged.proxy,
        case
            when staged.address_digits is not null
                then {{ network_kind_of('staged.address_digits', 'networks.networks') }}
        end as network_kind,
        case when staged.ip is not null then {{ sha256_hex("secrets.secret || staged.ip") }} end as address_key,
        case
            when staged.event_type = 'bounced' and staged.event_subtype = 'hard' then 'hard'
            when staged.event_type = 'bounced' then 'soft'
        end as bounce_type,
        {{ mask_addresses('staged.reason') }} as reason,
        staged.time_basis,

        -- measures
        staged.read_seconds,
        staged.order_id,
        staged.revenue,
        staged.currency,

        -- times
        staged.occurred_at,
        staged.sent_at
    from located as staged
    left join recipients
        on staged.recipient_email = recipients.email
    left join user_agents
        on staged.user_agent = user_agents.user_agent
    cross join networks
    cross join secrets

)

select * from final
