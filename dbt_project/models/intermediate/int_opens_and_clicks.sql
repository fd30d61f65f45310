{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ forget_touched() }}') }}
-- Nothing but messages with an open or click costs anything here.
with

records as (

    select * from {{ ref('int_email_event_records') }}
    where
        event_type in ('opened', 'clicked')
        and occurred_at is not null
        and {{ is_touched('coalesce(message_key, event_key)') }}

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

    select
        message_key,
        min(occurred_at) as first_engaged_at
    from standing
    where message_key is not null
    group by message_key

),

arrivals as (

    select
        records.message_key,
        min(case when records.event_type = 'delivered' then records.occurred_at end) as delivered_at,
        min(case when records.event_type = 'sent' then records.occurred_at end) as accepted_at,
        min(records.occurred_at) as first_reported_at
    from {{ ref('int_email_event_records') }} as records
    inner join engaged_messages
        on records.message_key = engaged_messages.message_key
    where records.event_type in ('sent', 'deferred', 'delivered', 'bounced')
    group by records.message_key

),

-- Networks that image proxies share with others tell of one only where no agent does.
fetched as (

    select
        standing.*,
        agent_kinds.agent_kind,
        coalesce(
            agent_kinds.agent_kind = 'privacy_proxy'
            or standing.proxy = 'apple'
            or standing.network_kind = 'privacy_proxy',
            false
        ) as passed_privacy_proxy,
        coalesce(
            agent_kinds.agent_kind = 'image_proxy'
            or standing.proxy != 'apple'
            or (standing.network_kind = 'image_proxy' and standing.user_agent_key is null),
            false
        ) as passed_image_proxy
    from standing
    left join agent_kinds
        on standing.user_agent_key = agent_kinds.user_agent_key

),

final as (

    select
        -- keys
        fetched.standing_event_key as event_key,
        fetched.export_id,
        fetched.position,
        fetched.part,
        fetched.message_key,
        fetched.subscriber_key,
        coalesce(fetched.message_key, fetched.event_key) as message_or_event_key,

        -- attributes
        fetched.esp,
        fetched.event_type,
        fetched.campaign_id,
        fetched.recipient_domain,
        fetched.url,
        fetched.url_query,
        fetched.is_machine,
        fetched.machine_basis,
        fetched.user_agent_key is not null as has_agent,
        fetched.agent_kind,
        fetched.event_type = 'opened' and fetched.passed_privacy_proxy as is_privacy_proxy,
        fetched.event_type = 'opened'
        and fetched.passed_image_proxy
        and not fetched.passed_privacy_proxy as is_image_proxy,
        fetched.network_kind,
        fetched.address_key,

        -- measures
        {{ seconds_between(
            'coalesce(arrivals.delivered_at, fetched.sent_at, arrivals.accepted_at)', 'fetched.occurred_at'
        ) }} as seconds_since_arrival,

        -- times
        fetched.occurred_at,
        cast(least(
            arrivals.first_reported_at, fetched.sent_at, engaged_messages.first_engaged_at, fetched.occurred_at
        ) as date) as sent_on
    from fetched
    left join engaged_messages
        on fetched.message_key = engaged_messages.message_key
    left join arrivals
        on fetched.message_key = arrivals.message_key

)

select * from final
