{%- set fields = [
    'RecordType', 'ID', 'Type', 'TypeCode', 'MessageID', 'MessageStream', 'Recipient', 'Email', 'Tag',
    {'Metadata': ['campaign_id', 'campaign_name', 'experiment', 'variant']},
    'ReceivedAt', 'DeliveredAt', 'BouncedAt', 'ChangedAt', 'Description', 'Details', 'SuppressSending',
    'SuppressionReason', 'Origin', 'OriginalLink', 'ClickLocation', 'UserAgent', 'Platform', {'Client': ['Name']},
    'ReadSeconds',
] -%}
with

records as (

    {{ published_records('postmark') }}

),

parsed as (

    select
        export_id,
        position,
        record,
        {{ json_record('record', fields) }} as event
    from records

),

-- The old bounce hook has no RecordType.
named as (

    select
        export_id,
        position,
        record,
        event,
        {{ filled('event.RecordType') }} as record_type,
        case
            when event.RecordType is null and event.Type is not null then 'bounce'
            else lower(trim(event.RecordType))
        end as folded_record_type,
        lower(trim(event.Type)) as folded_type,
        lower(trim(event.SuppressSending)) as suppress_sending,
        lower(trim(event.SuppressionReason)) as suppression_reason,
        {{ normalised_email('coalesce(event.Recipient, event.Email)') }} as recipient_email,
        coalesce(event.ReceivedAt, event.DeliveredAt, event.BouncedAt, event.ChangedAt) as time_text
    from parsed

),

timed as (

    select
        *,
        case
            when folded_record_type in ('bounce', 'spamcomplaint')
                then {{ filled('event.ID') }}
        end as bounce_id,
        {{ utc_timestamp('time_text') }} as event_time
    from named

),

final as (

    select
        -- keys
        export_id,
        position,
        'postmark' as esp,
        coalesce(folded_type, folded_record_type) || ':' || bounce_id as source_event_id,
        case
            when bounce_id is null
                then concat_ws(
                    chr(31),
                    coalesce(event.MessageID, ''),
                    coalesce(folded_record_type, ''),
                    coalesce(recipient_email, ''),
                    coalesce(time_text, ''),
                    coalesce(event.OriginalLink, '')
                )
        end as composite_id,
        {{ filled('event.MessageID') }} as esp_message_id,
        cast(null as varchar) as smtp_message_id,

        -- recipient
        recipient_email,

        -- attributes
        'webhook_json' as source_format,
        case
            when folded_record_type = 'bounce'
                then coalesce(record_type, 'Bounce') || coalesce(':' || event.Type, '')
            else record_type
        end as raw_event_type,
        case
            when folded_record_type = 'delivery' then 'delivered'
            when folded_record_type = 'open' then 'opened'
            when folded_record_type = 'click' then 'clicked'
            when folded_record_type = 'spamcomplaint' then 'complained'
            when folded_record_type = 'subscriptionchange'
                then case
                    when suppress_sending = 'false' then 'resubscribed'
                    when suppression_reason in ('hardbounce', 'spamcomplaint') then 'control'
                    when suppress_sending = 'true' then 'unsubscribed'
                    else 'other'
                end
            when folded_record_type = 'bounce'
                then case folded_type
                    when 'hardbounce' then 'bounced'
                    when 'softbounce' then 'bounced'
                    when 'unknown' then 'bounced'
                    when 'transient' then 'deferred'
                    when 'dnserror' then 'deferred'
                    when 'blocked' then 'dropped'
                    when 'dmarcpolicy' then 'dropped'
                    when 'manuallydeactivated' then 'dropped'
                    when 'bademailaddress' then 'dropped'
                    when 'spamnotification' then 'complained'
                    when 'spamcomplaint' then 'complained'
                    when 'unsubscribe' then 'unsubscribed'
                    when 'subscribe' then 'resubscribed'
                    when 'autoresponder' then 'autoresponded'
                    when 'addresschange' then 'autoresponded'
                    when 'challengeverification' then 'autoresponded'
                    when 'smtpapierror' then 'failed'
                    when 'templaterenderingfailed' then 'failed'
                    else 'other'
                end
            else 'other'
        end as event_type,
        case
            when folded_record_type = 'click' then lower(event.ClickLocation)
            when folded_record_type = 'spamcomplaint' then 'fbl'
            when folded_record_type = 'subscriptionchange'
                then case
                    when suppress_sending = 'true' and suppression_reason = 'hardbounce' then 'suppressed_by_bounce'
                    when suppress_sending = 'true' and suppression_reason = 'spamcomplaint'
                        then 'suppressed_by_complaint'
                    when lower(event.Origin) = 'recipient' then 'list'
                    else 'manual'
                end
            when folded_record_type = 'bounce'
                then case folded_type
                    when 'hardbounce' then 'hard'
                    when 'softbounce' then 'soft'
                    when 'unknown' then 'undetermined'
                    when 'transient' then 'delayed'
                    when 'dnserror' then 'delayed'
                    when 'blocked' then 'policy'
                    when 'dmarcpolicy' then 'policy'
                    when 'manuallydeactivated' then 'policy'
                    when 'bademailaddress' then 'invalid'
                    when 'spamnotification' then 'fbl'
                    when 'spamcomplaint' then 'fbl'
                    when 'unsubscribe' then 'list'
                    when 'subscribe' then 'list'
                    when 'smtpapierror' then 'generation'
                    when 'templaterenderingfailed' then 'rendering'
                end
        end as event_subtype,
        {{ filled('event.Metadata.campaign_id') }} as campaign_id,
        {{ filled('event.Metadata.campaign_name') }} as campaign_name,
        {{ filled('event.Metadata.experiment') }} as experiment,
        {{ filled('event.Metadata.variant') }} as variant,
        {{ filled('event.MessageStream') }} as message_stream,
        {{ tags_array('event.Tag') }} as tags,
        nullif(event.OriginalLink, '') as url,
        cast(null as integer) as link_position,
        nullif(event.UserAgent, '') as user_agent,
        case lower(event.Platform)
            when 'desktop' then 'desktop'
            when 'mobile' then 'mobile'
            when 'webmail' then 'unknown'
            when 'unknown' then 'unknown'
        end as device_type,
        nullif(nullif(event.Client.Name, ''), 'unknown') as email_client,
        cast(null as boolean) as is_machine,
        'none' as machine_basis,
        case
            when folded_record_type in ('bounce', 'spamcomplaint')
                then nullif(coalesce(event.Description, event.Details), '')
            when folded_record_type = 'subscriptionchange' then nullif(event.SuppressionReason, '')
        end as reason,

        -- measures
        try_cast(event.ReadSeconds as double) as read_seconds,
        cast(null as varchar) as order_id,
        cast(null as decimal(18, 4)) as revenue,
        cast(null as varchar) as currency,

        -- times
        {{ plausible_time('event_time') }} as occurred_at,
        cast(null as timestamp) as sent_at,
        {{ time_basis('time_text', 'event_time', plausible_time('event_time')) }} as time_basis,

        -- payload
        record
    from timed

)

select * from final
