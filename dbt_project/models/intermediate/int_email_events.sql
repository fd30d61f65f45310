{{ config(materialized='view') }}

with

records as (

    select * from {{ ref('int_email_event_records') }}

),

rulings as (

    select * from {{ ref('int_email_event_rulings') }}

),

final as (

    select
        -- keys
        coalesce(rulings.event_key, records.event_key) as event_key,
        records.export_id,
        records.position,
        records.part,
        records.subscriber_key,
        coalesce(rulings.message_key, records.message_key) as message_key,

        -- attributes
        records.esp,
        records.event_type,
        records.event_subtype,
        records.raw_event_type,
        coalesce(rulings.actor, records.actor) as actor,
        records.is_machine,
        records.machine_basis,
        records.campaign_id,
        records.campaign_name,
        records.experiment,
        records.variant,
        records.message_stream,
        records.recipient_domain,
        records.mailbox_provider,
        records.url,
        records.url_query,
        records.link_position,
        -- Whoever stands behind a proxy shows none of their own devices.
        case
            when rulings.class in ('machine_mpp', 'machine_prefetch', 'proxy_human', 'unknown') then 'unknown'
            else records.device_type
        end as device_type,
        records.email_client,
        records.bounce_type,
        records.reason,

        -- measures
        records.read_seconds,
        records.order_id,
        records.revenue,
        records.currency,

        -- times
        records.occurred_at,
        records.sent_at
    from records
    left join rulings
        on
            records.export_id = rulings.export_id
            and records.position = rulings.position
            and records.part = rulings.part
    where records.occurred_at is not null and coalesce(rulings.stands, true)

)

select * from final
