{{ config(materialized='view') }}
{%- set columns = [
    'event_key', 'export_id', 'position', 'part', 'message_key', 'subscriber_key', 'recipient_domain', 'actor',
    'class', 'score', 'reasons', 'leading_reason', 'occurred_at',
] -%}
with

opens as (

    select
        'opened' as event_type,
        {{ columns | join(',\n        ') }}
    from {{ ref('int_open_actors') }}

),

clicks as (

    select
        'clicked' as event_type,
        {{ columns | join(',\n        ') }}
    from {{ ref('int_click_actors') }}

),

events as (

    select * from opens
    union all
    select * from clicks

),

final as (

    select
        -- keys
        event_key,
        export_id,
        position,
        part,
        message_key,
        subscriber_key,

        -- attributes
        event_type,
        recipient_domain,
        actor,
        class,
        score,
        reasons,
        leading_reason,
        '{{ var("machine_rules_version") }}' as rule_version,

        -- times
        occurred_at
    from events

)

select * from final
