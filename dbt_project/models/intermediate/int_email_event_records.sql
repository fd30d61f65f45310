{{ config(materialized='view') }}

with

readings as (

    select * from {{ ref('int_email_event_readings') }}

),

final as (

    select
        -- keys
        export_id,
        position,
        part,
        event_key,
        subscriber_key,
        message_key,

        -- attributes
        is_numbered,
        names_message,
        esp,
        event_type,
        event_subtype,
        raw_event_type,
        actor,
        is_machine,
        machine_basis,
        campaign_id,
        campaign_name,
        experiment,
        variant,
        message_stream,
        recipient_domain,
        mailbox_provider,
        url,
        url_query,
        link_position,
        device_type,
        email_client,
        user_agent_key,
        proxy,
        network_kind,
        address_key,
        bounce_type,
        reason,

        -- measures
        read_seconds,
        order_id,
        revenue,
        currency,

        -- times
        occurred_at,
        {{ arrived_time('sent_at') }} as sent_at
    from readings

),

-- What raw no longer holds: its export was aged out, or its person erased.
retained as (

    select
        retained.export_id,
        retained.position,
        retained.part,
        retained.event_key,
        retained.subscriber_key,
        retained.message_key,
        retained.is_numbered,
        retained.names_message,
        retained.esp,
        retained.event_type,
        retained.event_subtype,
        retained.raw_event_type,
        retained.actor,
        retained.is_machine,
        retained.machine_basis,
        retained.campaign_id,
        retained.campaign_name,
        retained.experiment,
        retained.variant,
        retained.message_stream,
        retained.recipient_domain,
        retained.mailbox_provider,
        retained.url,
        retained.url_query,
        retained.link_position,
        retained.device_type,
        retained.email_client,
        retained.user_agent_key,
        retained.proxy,
        retained.network_kind,
        retained.address_key,
        retained.bounce_type,
        retained.reason,
        retained.read_seconds,
        retained.order_id,
        retained.revenue,
        retained.currency,
        retained.occurred_at,
        retained.sent_at
    from {{ source('retained', 'email_event_records') }} as retained
    inner join {{ source('pipeline', 'exports') }} as exports
        on retained.export_id = exports.export_id
    where exports.status in ('published', 'released', 'erased')

)

select * from final
union all
select * from retained
