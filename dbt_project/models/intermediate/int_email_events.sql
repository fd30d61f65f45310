{{ config(materialized='view') }}

with

records as (

    select * from {{ ref('int_email_event_records') }}

),

repeats as (

    select * from {{ ref('int_email_event_repeats') }}

),

twins as (

    select * from {{ ref('int_email_event_twins') }}

),

actors as (

    select * from {{ ref('int_event_actors') }}

),

adoptions as (

    select * from {{ ref('int_email_event_adoptions') }}

),

final as (

    select
        -- keys
        coalesce(repeats.event_key, records.event_key) as event_key,
        records.export_id,
        records.position,
        records.part,
        records.subscriber_key,
        coalesce(adoptions.message_key, records.message_key) as message_key,

        -- attributes
        records.esp,
        records.event_type,
        records.event_subtype,
        records.raw_event_type,
        coalesce(actors.actor, records.actor) as actor,
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
            when actors.class in ('machine_mpp', 'machine_prefetch', 'proxy_human', 'unknown') then 'unknown'
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
    left join repeats
        on
            records.export_id = repeats.export_id
            and records.position = repeats.position
            and records.part = repeats.part
    left join actors
        on
            records.export_id = actors.export_id
            and records.position = actors.position
            and records.part = actors.part
    left join adoptions
        on
            records.export_id = adoptions.export_id
            and records.position = adoptions.position
            and records.part = adoptions.part
    left join twins
        on
            records.export_id = twins.export_id
            and records.position = twins.position
            and records.part = twins.part
    where records.occurred_at is not null and coalesce(repeats.stands, true) and twins.position is null

)

select * from final
