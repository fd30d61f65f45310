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

)

select * from final
