{{ config(materialized='view') }}
with

actors as (

    select * from {{ ref('int_event_actors') }}

),

final as (

    select
        -- keys
        event_key,
        message_key,
        subscriber_key,

        -- attributes
        event_type,
        actor,
        class,
        score,
        reasons,
        leading_reason,
        rule_version,

        -- times
        occurred_at
    from actors

)

select * from final
