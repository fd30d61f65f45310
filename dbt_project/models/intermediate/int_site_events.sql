{{ config(materialized='view') }}

with

records as (

    select * from {{ ref('int_site_event_records') }}

),

repeats as (

    select * from {{ ref('int_site_event_repeats') }}

),

final as (

    select
        -- keys
        coalesce(repeats.event_key, records.event_key) as site_event_key,
        records.export_id,
        records.position,
        records.subscriber_key,

        -- attributes
        records.event_name,
        records.page_url,
        records.page_query,
        records.message_parameter,
        records.context_campaign_id,
        records.context_campaign_name,
        records.order_id,
        records.currency,
        records.properties,
        records.device_type,

        -- measures
        records.amount,

        -- times
        records.occurred_at
    from records
    left join repeats
        on records.export_id = repeats.export_id and records.position = repeats.position
    where
        records.event_name is not null
        and records.occurred_at is not null
        and coalesce(repeats.stands, true)

)

select * from final
