{%- set fields = [
    'email', 'timestamp', 'event', 'sg_event_id', 'sg_message_id', 'smtp-id', 'url', {'url_offset': ['index', 'type']},
    'sg_content_type', 'sg_machine_open', 'useragent', 'type', 'reason', 'response', 'category', {'pool': ['name']},
    'send_at', 'marketing_campaign_id', 'marketing_campaign_name', 'marketing_campaign_version',
    'marketing_campaign_split_id', 'singlesend_id', 'singlesend_name', 'mc_auto_id', 'mc_auto_name',
    {'newsletter': ['newsletter_id']}, 'campaign_id', 'campaign_name', 'experiment', 'variant', 'unique_args',
    'processed', 'message_id', 'user_agent', 'categories',
] -%}
with

records as (

    {{ published_records('sendgrid') }}

),

parsed as (

    select
        export_id,
        position,
        record,
        {{ json_record('record', fields) }} as event
    from records

),

-- Webhook bodies and the Email Activity CSV, under one set of names. Custom arguments lie flat in a webhook body and
-- in one cell, as JSON, in the CSV.
named as (

    select
        export_id,
        position,
        record,
        event,
        event.processed is not null as is_activity_csv,
        {{ json_record(json_or_null('event.unique_args', '{'), ['campaign_id', 'campaign_name', 'experiment', 'variant']) }} as args,
        nullif(event.event, '') as raw_event_type,
        replace(lower(trim(event.event)), '_', '') as folded_event_type,
        nullif(event.sg_event_id, '') as source_event_id,
        nullif(coalesce(event.sg_message_id, event.message_id), '') as full_message_id,
        nullif(event.url, '') as url,
        coalesce(event.processed, event.timestamp) as time_text
    from parsed

),

timed as (

    select
        *,
        {{ utc_timestamp('time_text') }} as event_time
    from named

),

final as (

    select
        -- keys
        export_id,
        position,
        'sendgrid' as esp,
        source_event_id,
        case
            when source_event_id is null
                then concat_ws(
                    chr(31),
                    coalesce(full_message_id, ''),
                    coalesce(folded_event_type, ''),
                    coalesce(time_text, ''),
                    coalesce({{ normalised_email('event.email') }}, ''),
                    coalesce(url, ''),
                    coalesce(event.url_offset.index, '')
                )
        end as composite_id,
        -- What follows the message's own id names the server that took it.
        nullif(
            split_part(split_part(split_part(full_message_id, '.filter', 1), '.stfilter', 1), '.recv', 1), ''
        ) as esp_message_id,
        {{ bare_message_id('event."smtp-id"') }} as smtp_message_id,

        -- recipient
        {{ normalised_email('event.email') }} as recipient_email,

        -- attributes
        case when is_activity_csv then 'activity_csv' else 'webhook_json' end as source_format,
        raw_event_type,
        case folded_event_type
            when 'processed' then 'sent'
            when 'delivered' then 'delivered'
            when 'open' then 'opened'
            when 'click' then 'clicked'
            when 'deferred' then 'deferred'
            when 'bounce' then 'bounced'
            when 'dropped' then 'dropped'
            when 'drop' then 'dropped'
            when 'spamreport' then 'complained'
            when 'unsubscribe' then 'unsubscribed'
            when 'groupunsubscribe' then 'unsubscribed'
            when 'groupresubscribe' then 'resubscribed'
            when 'accountstatuschange' then 'control'
            else 'other'
        end as event_type,
        case folded_event_type
            when 'open' then lower(nullif(event.sg_content_type, ''))
            when 'click' then lower(nullif(event.url_offset.type, ''))
            when 'deferred' then 'delayed'
            when 'bounce' then case when lower(event.type) in ('blocked', 'block') then 'block' else 'hard' end
            when 'unsubscribe' then 'global'
            when 'groupunsubscribe' then 'group'
            when 'groupresubscribe' then 'group'
            when 'spamreport' then 'fbl'
            when 'dropped' then {{ sendgrid_drop_reason('event.reason') }}
            when 'drop' then {{ sendgrid_drop_reason('event.reason') }}
        end as event_subtype,
        coalesce(
            nullif(event.marketing_campaign_id, ''),
            nullif(event.singlesend_id, ''),
            nullif(event.mc_auto_id, ''),
            nullif(event.newsletter.newsletter_id, ''),
            nullif(event.campaign_id, ''),
            nullif(args.campaign_id, '')
        ) as campaign_id,
        coalesce(
            nullif(event.marketing_campaign_name, ''),
            nullif(event.singlesend_name, ''),
            nullif(event.mc_auto_name, ''),
            nullif(event.campaign_name, ''),
            nullif(args.campaign_name, '')
        ) as campaign_name,
        coalesce(nullif(event.experiment, ''), nullif(args.experiment, '')) as experiment,
        coalesce(
            nullif(event.marketing_campaign_version, ''),
            nullif(event.marketing_campaign_split_id, ''),
            nullif(event.variant, ''),
            nullif(args.variant, '')
        ) as variant,
        nullif(event.pool.name, '') as message_stream,
        {{ tags_array('coalesce(event.category, event.categories)') }} as tags,
        url,
        try_cast(event.url_offset.index as integer) as link_position,
        nullif(coalesce(event.useragent, event.user_agent), '') as user_agent,
        cast(null as varchar) as device_type,
        cast(null as varchar) as email_client,
        try_cast(event.sg_machine_open as boolean) as is_machine,
        case
            when try_cast(event.sg_machine_open as boolean) is null then 'none'
            else 'esp_flag:sg_machine_open'
        end as machine_basis,
        nullif(case when folded_event_type != 'delivered' then coalesce(event.reason, event.response) end, '') as reason,

        -- measures
        cast(null as double) as read_seconds,
        cast(null as varchar) as order_id,
        cast(null as decimal(18, 4)) as revenue,
        cast(null as varchar) as currency,

        -- times
        {{ plausible_time('event_time') }} as occurred_at,
        {{ plausible_time(utc_timestamp('event.send_at')) }} as sent_at,
        {{ time_basis('time_text', 'event_time', plausible_time('event_time')) }} as time_basis,

        -- payload
        record
    from timed

)

select * from final
