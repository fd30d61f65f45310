with

-- Reports of a first open, as vendors send them in place of the open or beside it.
first_reports as (

    select
        export_id,
        position,
        part,
        message_key
    from {{ ref('int_email_event_records') }}
    where event_type = 'opened' and event_subtype = 'initial' and message_key is not null

),

opened_messages as (

    select distinct message_key
    from {{ ref('int_email_event_records') }}
    where
        event_type = 'opened'
        and coalesce(event_subtype, '') != 'initial'
        and occurred_at is not null
        and message_key in (select first_reports.message_key from first_reports)

),

final as (

    select
        -- keys
        first_reports.export_id,
        first_reports.position,
        first_reports.part
    from first_reports
    inner join opened_messages
        on first_reports.message_key = opened_messages.message_key

)

select * from final
