{%- set fields = {
    'metric': ['metric'],
    'object_type': ['object_type'],
    'legacy_event_type': ['event_type'],
    'event_id': ['event_id'],
    'timestamp_text': ['timestamp'],
    'recipient': ['data', 'recipient'],
    'email_address': ['data', 'email_address'],
    'identifier_email': ['data', 'identifiers', 'email'],
    'delivery_id': ['data', 'delivery_id'],
    'legacy_email_id': ['data', 'email_id'],
    'data_campaign_id': ['data', 'campaign_id'],
    'data_campaign_name': ['data', 'campaign_name'],
    'broadcast_id': ['data', 'broadcast_id'],
    'newsletter_id': ['data', 'newsletter_id'],
    'transactional_message_id': ['data', 'transactional_message_id'],
    'href': ['data', 'href'],
    'failure_message': ['data', 'failure_message'],
    'data_reason': ['data', 'reason'],
} -%}
with

records as (

    {{ published_records('customerio', fields) }}

),

-- The present webhook says channel and metric in two fields, the legacy one in one: email_opened.
read_cells as (

    select
        *,
        lower(trim(coalesce(metric, substr(legacy_event_type, strpos(legacy_event_type, '_') + 1)))) as metric_name,
        lower(trim(coalesce(object_type, split_part(legacy_event_type, '_', 1), 'email'))) as channel,
        nullif(event_id, '') as source_event_id,
        coalesce(nullif(failure_message, ''), nullif(data_reason, '')) as failure,
        {{ utc_timestamp('timestamp_text') }} as event_time
    from records

),

-- What happens to a push, an SMS or another message is no e-mail event, and its recipient no address.
named as (

    select
        *,
        case when channel in ('email', 'customer') then metric_name end as event_name,
        case
            when channel in ('email', 'customer')
                then {{ normalised_email("coalesce(nullif(recipient, ''), email_address, identifier_email)") }}
        end as recipient_email
    from read_cells

),

final as (

    select
        -- keys
        export_id,
        position,
        1 as part,
        'customerio' as esp,
        source_event_id,
        case when source_event_id is null then {{ composite_id([
            'delivery_id', 'channel', 'metric_name', moment('event_time', 'timestamp_text'), 'recipient_email', 'href'
        ]) }} end as composite_id,
        coalesce(nullif(delivery_id, ''), nullif(legacy_email_id, '')) as esp_message_id,
        cast(null as varchar) as smtp_message_id,

        -- recipient
        recipient_email,

        -- attributes
        case when metric is null then 'legacy_webhook_json' else 'webhook_json' end as source_format,
        case
            when metric is null then nullif(legacy_event_type, '')
            when channel = 'email' then nullif(metric, '')
            else object_type || ':' || metric
        end as raw_event_type,
        case event_name
            when 'drafted' then 'pre_send'
            when 'attempted' then 'pre_send'
            when 'sent' then 'sent'
            when 'deferred' then 'deferred'
            when 'delivered' then 'delivered'
            when 'opened' then 'opened'
            when 'clicked' then 'clicked'
            when 'converted' then 'converted'
            when 'bounced' then 'bounced'
            when 'dropped' then 'dropped'
            when 'suppressed' then 'dropped'
            when 'undeliverable' then 'dropped'
            when 'spammed' then 'complained'
            when 'failed' then 'failed'
            when 'unsubscribed' then 'unsubscribed'
            when 'subscribed' then 'resubscribed'
            else 'other'
        end as event_type,
        case event_name
            when 'drafted' then 'drafted'
            when 'attempted' then 'attempted'
            when 'deferred' then 'delayed'
            -- The first digit of the server's answer: 5 is final, 4 may pass.
            when 'bounced'
                then case left(ltrim(failure), 1) when '5' then 'hard' when '4' then 'soft' else 'undetermined' end
            when 'converted'
                then case when coalesce(broadcast_id, newsletter_id) is null then 'campaign' else 'broadcast' end
            when 'dropped' then 'policy'
            when 'suppressed' then 'policy'
            when 'undeliverable' then 'policy'
            when 'spammed' then 'fbl'
            when 'unsubscribed' then 'global'
            when 'subscribed' then 'global'
        end as event_subtype,
        coalesce(
            nullif(data_campaign_id, ''),
            nullif(broadcast_id, ''),
            nullif(newsletter_id, ''),
            nullif(transactional_message_id, '')
        ) as campaign_id,
        nullif(data_campaign_name, '') as campaign_name,
        cast(null as varchar) as experiment,
        cast(null as varchar) as variant,
        cast(null as varchar) as message_stream,
        cast(null as varchar) as tags,
        cast(null as varchar) as custom_arguments,
        nullif(href, '') as url,
        cast(null as integer) as link_position,
        cast(null as varchar) as user_agent,
        cast(null as varchar) as ip,
        cast(null as varchar) as device_type,
        cast(null as varchar) as email_client,
        cast(null as varchar) as proxy,
        cast(null as boolean) as is_machine,
        'none' as machine_basis,
        failure as reason,

        -- measures
        cast(null as double) as read_seconds,
        cast(null as varchar) as order_id,
        cast(null as decimal(18, 4)) as revenue,
        cast(null as varchar) as currency,

        -- times
        {{ plausible_time('event_time') }} as occurred_at,
        cast(null as timestamp) as sent_at,
        {{ time_basis('timestamp_text', 'event_time') }} as time_basis,

        -- payload
        record
    from named

)

select * from final
