{%- set identity = ['esp', 'source_event_id', 'composite_id'] -%}
{%- set message = ['esp_message_id', 'smtp_message_id', 'campaign_id'] -%}
{%- set happening = ['recipient_email', 'event_type', 'occurred_at', 'sent_at'] -%}
-- The few events that need a second look, found in narrow passes so that the many are read once and written once.
with

-- Two identities of one hash only make a row look suspicious; the keys below decide.
repeated_identities as (

    select {{ rough_hash(identity) }} as identity_hash
    from ({{ staged_email_events(identity) }}) as events
    group by identity_hash
    having count(*) > 1

),

suspects as (

    select
        events.*,
        {{ sha256_hex(normalised_json('events.record')) }} as payload_sha256,
        {{ names_no_message('events') }} as names_no_message
    from (
        {{ staged_email_events(['export_id', 'position', 'record'] + identity + message + happening) }}
    ) as events
    left join repeated_identities
        on {{ rough_hash(['events.esp', 'events.source_event_id', 'events.composite_id']) }}
            = repeated_identities.identity_hash
    where repeated_identities.identity_hash is not null or {{ names_no_message('events') }}

),

-- Identical rows of one export are that many events; the same rows in another export are these again.
counted as (

    select
        *,
        row_number() over (
            partition by export_id, esp, composite_id, payload_sha256
            order by position
        ) as occurrence
    from suspects

),

keyed as (

    select
        *,
        {{ email_event_key('esp', 'source_event_id', 'composite_id', 'occurrence') }} as event_key
    from counted

),

judged as (

    select
        *,
        row_number() over (
            partition by event_key
            order by
                case when occurred_at is null then 1 else 0 end,
                payload_sha256,
                export_id,
                position
        ) as preference
    from keyed

),

orphans as (

    select
        event_key,
        esp,
        recipient_email,
        occurred_at
    from judged
    where names_no_message and preference = 1 and recipient_email is not null and occurred_at is not null

),

-- What the subscribers of those were sent, and when.
candidates as (

    select
        events.esp,
        events.recipient_email,
        {{ email_message_id('events') }} as message_id,
        min(least(events.occurred_at, coalesce(events.sent_at, events.occurred_at))) as sent_at
    from ({{ staged_email_events(['esp'] + message + happening) }}) as events
    inner join (select distinct esp, recipient_email from orphans) as addressees
        on events.esp = addressees.esp and events.recipient_email = addressees.recipient_email
    where
        events.event_type in ('sent', 'deferred', 'delivered', 'bounced', 'opened', 'clicked')
        and not {{ names_no_message('events') }}
    group by events.esp, events.recipient_email, message_id

),

ranked_candidates as (

    select
        orphans.event_key,
        candidates.message_id,
        row_number() over (
            partition by orphans.event_key
            order by candidates.sent_at desc, candidates.message_id
        ) as preference
    from orphans
    inner join candidates
        on
            orphans.esp = candidates.esp
            and orphans.recipient_email = candidates.recipient_email
            and orphans.occurred_at >= candidates.sent_at
            and orphans.occurred_at <= candidates.sent_at + interval '7' day

),

final as (

    select
        -- keys
        judged.export_id,
        judged.position,
        judged.event_key,
        ranked_candidates.message_id,

        -- attributes
        judged.preference = 1 and judged.occurred_at is not null as stands
    from judged
    left join ranked_candidates
        on judged.event_key = ranked_candidates.event_key and ranked_candidates.preference = 1

)

select * from final
