-- Nothing but messages with an open or click costs anything here.
with

records as (

    select * from {{ ref('int_email_event_records') }}
    where
        event_type in ('opened', 'clicked')
        and occurred_at is not null

),

repeats as (

    select * from {{ ref('int_email_event_repeats') }}

),

twins as (

    select * from {{ ref('int_email_event_twins') }}

),

agent_kinds as (

    select * from {{ ref('int_user_agent_kinds') }}

),

standing as (

    select
        records.*,
        coalesce(repeats.event_key, records.event_key) as standing_event_key
    from records
    left join repeats
        on
            records.export_id = repeats.export_id
            and records.position = repeats.position
            and records.part = repeats.part
    left join twins
        on
            records.export_id = twins.export_id
            and records.position = twins.position
            and records.part = twins.part
    where coalesce(repeats.stands, true) and twins.position is null

),

engaged_messages as (

    select distinct message_key
    from standing
    where message_key is not null

),

arrivals as (

    select
        records.message_key,
        min(case when records.event_type = 'delivered' then records.occurred_at end) as delivered_at,
        min(case when records.event_type = 'sent' then records.occurred_at end) as accepted_at
    from {{ ref('int_email_event_records') }} as records
    inner join engaged_messages
        on records.message_key = engaged_messages.message_key
    where records.event_type in ('sent', 'delivered')
    group by records.message_key

),

final as (

    select
        -- keys
        standing.standing_event_key as event_key,
        standing.export_id,
        standing.position,
        standing.part,
        standing.message_key,
        standing.subscriber_key,
        coalesce(standing.message_key, standing.standing_event_key) as message_or_event_key,

        -- attributes
        standing.esp,
        standing.event_type,
        standing.campaign_id,
        standing.recipient_domain,
        standing.url,
        standing.is_machine,
        standing.machine_basis,
        standing.user_agent_key is not null as has_agent,
        agent_kinds.agent_kind,
        standing.proxy,
        standing.network_kind,
        standing.address_key,

        -- measures
        {{ seconds_between(
            'coalesce(arrivals.delivered_at, standing.sent_at, arrivals.accepted_at)', 'standing.occurred_at'
        ) }} as seconds_since_arrival,

        -- times
        standing.occurred_at
    from standing
    left join arrivals
        on standing.message_key = arrivals.message_key
    left join agent_kinds
        on standing.user_agent_key = agent_kinds.user_agent_key

)

select * from final
