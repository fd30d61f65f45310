with

visits as (

    select
        site_event_key,
        subscriber_key,
        message_parameter
    from {{ ref('int_site_events') }}
    where message_parameter is not null

),

-- The parameter holds a message_key or the provider's id of the message, to which SendGrid appends the server that took
-- it.
named_ids as (

    select
        site_event_key,
        subscriber_key,
        message_parameter as message_id
    from visits

    union

    select
        site_event_key,
        subscriber_key,
        {{ regexp_replace_all('message_parameter', "'[.](st)?(filter|recv).*$'", "''") }} as message_id
    from visits

),

esps as (

    select distinct esp from {{ ref('int_messages') }}

),

-- A visitor who is known names the message to himself: its key follows.
own_keys as (

    select
        site_event_key,
        message_id as message_key
    from named_ids

    union

    select
        named_ids.site_event_key,
        {{ surrogate_key(['esps.esp', 'named_ids.message_id', 'named_ids.subscriber_key']) }} as message_key
    from named_ids
    cross join esps
    where named_ids.subscriber_key is not null

),

own_messages as (

    select
        own_keys.site_event_key,
        min(messages.message_key) as message_key
    from own_keys
    inner join {{ ref('int_messages') }} as messages
        on own_keys.message_key = messages.message_key
    group by own_keys.site_event_key

),

-- For anyone else the id is looked up among the events, and has to be one message's.
open_ids as (

    select
        named_ids.site_event_key,
        named_ids.message_id
    from named_ids
    left join own_messages
        on named_ids.site_event_key = own_messages.site_event_key
    where own_messages.site_event_key is null

),

sought_ids as (

    select distinct message_id from open_ids

),

staged_events as (

    {{ staged_email_events(['esp', 'esp_message_id', 'recipient_email']) }}

),

found_ids as (

    select distinct
        sought_ids.message_id,
        {{ surrogate_key(['staged_events.esp', 'staged_events.esp_message_id', 'identities.subscriber_key']) }}
            as message_key
    from staged_events
    inner join sought_ids
        on staged_events.esp_message_id = sought_ids.message_id
    inner join {{ source('restricted', 'subscriber_identities') }} as identities
        on staged_events.recipient_email = identities.email

),

found_messages as (

    select
        open_ids.site_event_key,
        min(messages.message_key) as message_key
    from open_ids
    inner join found_ids
        on open_ids.message_id = found_ids.message_id
    inner join {{ ref('int_messages') }} as messages
        on found_ids.message_key = messages.message_key
    group by open_ids.site_event_key
    having count(distinct messages.message_key) = 1

),

final as (

    select
        -- keys
        site_event_key,
        message_key
    from own_messages

    union all

    select
        site_event_key,
        message_key
    from found_messages

)

select * from final
