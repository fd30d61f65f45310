{%- set fields = {
    'record_type': ['RecordType'],
    'id': ['ID'],
    'bounce_type': ['Type'],
    'message_id': ['MessageID'],
    'message_stream': ['MessageStream'],
    'recipient': ['Recipient'],
    'email': ['Email'],
    'tag': ['Tag'],
    'metadata_campaign_id': ['Metadata', 'campaign_id'],
    'metadata_campaign_name': ['Metadata', 'campaign_name'],
    'metadata_experiment': ['Metadata', 'experiment'],
    'metadata_variant': ['Metadata', 'variant'],
    'received_at': ['ReceivedAt'],
    'delivered_at': ['DeliveredAt'],
    'bounced_at': ['BouncedAt'],
    'changed_at': ['ChangedAt'],
    'description': ['Description'],
    'details': ['Details'],
    'suppress_sending': ['SuppressSending'],
    'suppression_reason': ['SuppressionReason'],
    'origin': ['Origin'],
    'original_link': ['OriginalLink'],
    'click_location': ['ClickLocation'],
    'user_agent': ['UserAgent'],
    'ip': ['Geo', 'IP'],
    'platform': ['Platform'],
    'client_name': ['Client', 'Name'],
    'read_seconds': ['ReadSeconds'],
} -%}
with

records as (

    {{ published_records('postmark', fields) }}

),

read_cells as (

    select
        *,
        -- The old bounce hook has no RecordType.
        lower(trim(case when bounce_type is null then record_type else coalesce(record_type, 'bounce') end))
            as record_name,
        lower(trim(bounce_type)) as bounce_name,
        lower(trim(suppress_sending)) as suppresses,
        lower(trim(suppression_reason)) as suppression_name,
        case when lower(trim(origin)) = 'recipient' then 'list' else 'manual' end as initiative,
        coalesce({{ normalised_email('recipient') }}, {{ normalised_email('email') }}) as recipient_email,
        coalesce(
            nullif(received_at, ''), nullif(delivered_at, ''), nullif(bounced_at, ''), nullif(changed_at, '')
        ) as time_text
    from records

),

-- The type alone does not tell what happened: a bounce says it in its own type, a change of subscription in two fields.
named as (

    select
        *,
        case
            when record_name = 'bounce' then 'bounce:' || coalesce(bounce_name, '')
            when record_name = 'subscriptionchange' and suppresses = 'false' then 'subscriptionchange:lifted'
            when record_name = 'subscriptionchange' and suppresses = 'true'
                then 'subscriptionchange:' || coalesce(suppression_name, '')
            else record_name
        end as event_name,
        -- Postmark numbers bounces and complaints.
        case when record_name in ('bounce', 'spamcomplaint') then nullif(id, '') end as number,
        {{ utc_timestamp('time_text') }} as event_time
    from read_cells

),

final as (

    select
        -- keys
        export_id,
        position,
        1 as part,
        'postmark' as esp,
        coalesce(bounce_name, record_name) || ':' || number as source_event_id,
        case when number is null then {{ composite_id([
            'message_id', 'record_name', 'recipient_email', moment('event_time', 'time_text'), 'original_link'
        ]) }} end as composite_id,
        nullif(message_id, '') as esp_message_id,
        cast(null as varchar) as smtp_message_id,

        -- recipient
        recipient_email,

        -- attributes
        'webhook_json' as source_format,
        case
            when record_name = 'bounce' then coalesce(record_type, 'Bounce') || coalesce(':' || bounce_type, '')
            else nullif(record_type, '')
        end as raw_event_type,
        case event_name
            when 'delivery' then 'delivered'
            when 'open' then 'opened'
            when 'click' then 'clicked'
            when 'spamcomplaint' then 'complained'
            when 'subscriptionchange:lifted' then 'resubscribed'
            when 'subscriptionchange:manualsuppression' then 'unsubscribed'
            -- The bounce or complaint behind these comes as an event of its own.
            when 'subscriptionchange:hardbounce' then 'control'
            when 'subscriptionchange:spamcomplaint' then 'control'
            when 'bounce:hardbounce' then 'bounced'
            when 'bounce:softbounce' then 'bounced'
            when 'bounce:unknown' then 'bounced'
            when 'bounce:transient' then 'deferred'
            when 'bounce:dnserror' then 'deferred'
            when 'bounce:blocked' then 'dropped'
            when 'bounce:dmarcpolicy' then 'dropped'
            when 'bounce:manuallydeactivated' then 'dropped'
            when 'bounce:bademailaddress' then 'dropped'
            when 'bounce:spamnotification' then 'complained'
            when 'bounce:spamcomplaint' then 'complained'
            when 'bounce:unsubscribe' then 'unsubscribed'
            when 'bounce:subscribe' then 'resubscribed'
            when 'bounce:autoresponder' then 'autoresponded'
            when 'bounce:addresschange' then 'autoresponded'
            when 'bounce:challengeverification' then 'autoresponded'
            when 'bounce:smtpapierror' then 'failed'
            when 'bounce:templaterenderingfailed' then 'failed'
            else 'other'
        end as event_type,
        case event_name
            when 'click' then lower(nullif(click_location, ''))
            when 'spamcomplaint' then 'fbl'
            when 'subscriptionchange:lifted' then initiative
            when 'subscriptionchange:manualsuppression' then initiative
            when 'subscriptionchange:hardbounce' then 'suppressed_by_bounce'
            when 'subscriptionchange:spamcomplaint' then 'suppressed_by_complaint'
            when 'bounce:hardbounce' then 'hard'
            when 'bounce:softbounce' then 'soft'
            when 'bounce:unknown' then 'undetermined'
            when 'bounce:transient' then 'delayed'
            when 'bounce:dnserror' then 'delayed'
            when 'bounce:blocked' then 'policy'
            when 'bounce:dmarcpolicy' then 'policy'
            when 'bounce:manuallydeactivated' then 'policy'
            when 'bounce:bademailaddress' then 'invalid'
            when 'bounce:spamnotification' then 'fbl'
            when 'bounce:spamcomplaint' then 'fbl'
            when 'bounce:unsubscribe' then 'list'
            when 'bounce:subscribe' then 'list'
            when 'bounce:smtpapierror' then 'generation'
            when 'bounce:templaterenderingfailed' then 'rendering'
        end as event_subtype,
        {{ filled('metadata_campaign_id') }} as campaign_id,
        {{ filled('metadata_campaign_name') }} as campaign_name,
        {{ filled('metadata_experiment') }} as experiment,
        {{ filled('metadata_variant') }} as variant,
        nullif(message_stream, '') as message_stream,
        {{ tags_array('tag') }} as tags,
        {{ json_object_at('record', ['Metadata']) }} as custom_arguments,
        nullif(original_link, '') as url,
        cast(null as integer) as link_position,
        nullif(user_agent, '') as user_agent,
        nullif(ip, '') as ip,
        {{ device_type('platform') }} as device_type,
        nullif(nullif(client_name, ''), 'unknown') as email_client,
        cast(null as varchar) as proxy,
        cast(null as boolean) as is_machine,
        'none' as machine_basis,
        case
            when record_name in ('bounce', 'spamcomplaint') then nullif(coalesce(description, details), '')
            when record_name = 'subscriptionchange' then nullif(suppression_reason, '')
        end as reason,

        -- measures
        {{ number('read_seconds') }} as read_seconds,
        cast(null as varchar) as order_id,
        cast(null as decimal(18, 4)) as revenue,
        cast(null as varchar) as currency,

        -- times
        {{ plausible_time('event_time') }} as occurred_at,
        cast(null as timestamp) as sent_at,
        {{ time_basis('time_text', 'event_time') }} as time_basis,

        -- payload
        record
    from named

)

select * from final
