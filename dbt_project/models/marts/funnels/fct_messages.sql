{#- Its columns stand in int_messages already: written once, a row is copied once, when the marts are published. -#}
{{ config(materialized='view') }}

with

messages as (

    select * from {{ ref('int_messages') }}
    where is_sent

),

conversions as (

    select
        message_key,
        count(*) as conversions,
        min(ordered_at) as converted_at,
        sum(revenue) as revenue
    from {{ ref('int_orders') }}
    where message_key is not null
    group by message_key

),

final as (

    select
        -- keys
        messages.message_key,
        messages.subscriber_key,
        messages.campaign_key,
        messages.variant,

        -- attributes
        messages.esp,
        messages.mailbox_provider,

        -- times
        messages.sent_at,
        messages.delivered_at,
        messages.bounced_at,
        messages.bounce_type,
        messages.complained_at,
        messages.unsubscribed_at,
        messages.first_opened_at,
        messages.human_first_opened_at,
        messages.human_first_clicked_at,
        conversions.converted_at,

        -- engagement, in the contract's order
        messages.opens,
        messages.human_opens,
        messages.clicks,
        messages.human_clicks,
        messages.machine_only_open,
        messages.read_seconds,
        messages.read_band,
        messages.device_type,
        messages.email_client,
        cast(conversions.revenue as decimal(18, 2)) as revenue,

        -- beyond the contract's columns
        messages.experiment,
        messages.machine_opens,
        messages.machine_clicks,
        coalesce(conversions.conversions, 0) as conversions
    from messages
    left join conversions
        on messages.message_key = conversions.message_key

)

select * from final
