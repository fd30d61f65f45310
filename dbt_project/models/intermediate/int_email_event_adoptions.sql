with

-- What happened to a message, but not to which one.
orphans as (

    select
        export_id,
        position,
        part,
        esp,
        subscriber_key,
        occurred_at
    from {{ ref('int_email_event_records') }}
    where
        event_type in ('bounced', 'complained', 'unsubscribed')
        and not names_message
        and subscriber_key is not null
        and occurred_at is not null

),

addressees as (

    select distinct
        esp,
        subscriber_key
    from orphans

),

messages as (

    select
        records.esp,
        records.subscriber_key,
        records.message_key,
        min(least(records.occurred_at, coalesce(records.sent_at, records.occurred_at))) as sent_at
    from {{ ref('int_email_event_records') }} as records
    inner join addressees
        on records.esp = addressees.esp and records.subscriber_key = addressees.subscriber_key
    where
        records.event_type in ('sent', 'deferred', 'delivered', 'opened', 'clicked')
        or (records.event_type = 'bounced' and records.names_message)
    group by records.esp, records.subscriber_key, records.message_key

),

candidates as (

    select
        orphans.export_id,
        orphans.position,
        orphans.part,
        messages.message_key,
        row_number() over (
            partition by orphans.export_id, orphans.position, orphans.part
            order by messages.sent_at desc, messages.message_key asc
        ) as preference
    from orphans
    inner join messages
        on
            orphans.esp = messages.esp
            and orphans.subscriber_key = messages.subscriber_key
            and orphans.occurred_at >= messages.sent_at
            and orphans.occurred_at <= messages.sent_at + interval '7' day

),

final as (

    select
        -- keys
        export_id,
        position,
        part,
        message_key
    from candidates
    where preference = 1

)

select * from final
