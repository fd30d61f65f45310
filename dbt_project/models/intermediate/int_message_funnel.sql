{{ config(materialized='view') }}
{%- set window = "interval '" ~ var('funnel_window_days') ~ "' day" %}

with

messages as (

    select
        message_key,
        subscriber_key,
        campaign_key,
        variant,
        sent_at,
        case when delivered_at <= sent_at + {{ window }} then delivered_at end as delivered_at
    from {{ ref('int_messages') }}
    where is_sent

),

progress as (

    select * from {{ ref('int_message_progress') }}

),

final as (

    select
        -- keys
        messages.message_key,
        messages.subscriber_key,
        messages.campaign_key,
        messages.variant,

        -- attributes
        coalesce(progress.furthest_step, case when messages.delivered_at is null then 1 else 2 end) as furthest_step,

        -- times
        messages.sent_at,
        messages.delivered_at,
        progress.opened_at,
        progress.clicked_at,
        progress.deep_converted_at,
        progress.macro_converted_at
    from messages
    left join progress
        on messages.message_key = progress.message_key

)

select * from final
