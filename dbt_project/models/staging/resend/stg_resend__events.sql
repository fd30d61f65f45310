{%- set fields = {
    'type': ['type'],
    'created_at': ['created_at'],
    'svix_id': ['svix-id'],
    'headers_text': ['envelope', 'headers'],
    'email_id': ['data', 'email_id'],
    'to_list': ['data', 'to'],
    'contact_email': ['data', 'email'],
    'sent_at_text': ['data', 'created_at'],
    'broadcast_id': ['data', 'broadcast_id'],
    'tags_text': ['data', 'tags'],
    'click_link': ['data', 'click', 'link'],
    'click_user_agent': ['data', 'click', 'userAgent'],
    'click_ip': ['data', 'click', 'ipAddress'],
    'open_user_agent': ['data', 'open', 'userAgent'],
    'open_ip': ['data', 'open', 'ipAddress'],
    'bounce_type': ['data', 'bounce', 'type'],
    'bounce_message': ['data', 'bounce', 'message'],
    'failed_reason': ['data', 'failed', 'reason'],
    'suppressed_message': ['data', 'suppressed', 'message'],
} -%}
{%- set tags = {
    'tag_campaign_id': ['campaign_id'],
    'tag_campaign_name': ['campaign_name'],
    'tag_experiment': ['experiment'],
    'tag_variant': ['variant'],
} -%}
{#- Names of headers are spelled with capitals or without. -#}
{%- set svix_id_in_headers = "'(?i)\"svix-id\"[[:space:]]*:[[:space:]]*\"([^\"]+)\"'" -%}
with

records as (

    {{ published_records('resend', fields) }}

),

read_cells as (

    select
        *,
        lower(trim(type)) as event_name,
        -- What happened to a message with several recipients may have happened to any of them.
        {{ json_list_rows('to_list', "coalesce(nullif(to_list, '[]'), contact_email)", 'recipient_text', 'part') }},
        -- Tags come as an object, or as a list of names and values.
        coalesce(
            {{ json_or_null('tags_text', '{') }},
            {{ json_object_of_pairs(json_or_null('tags_text', '[')) }}
        ) as tags_object
    from records

),

read_tags as (

    select
        *,
        {{ json_struct('tags_object', tags) }} as tags,
        coalesce(nullif(svix_id, ''), nullif({{ regexp_group('headers_text', svix_id_in_headers, 1) }}, ''))
        || case when part > 1 then ':' || part else '' end as source_event_id
    from read_cells

),

read_times as (

    select
        *,
        {{ json_columns('tags', tags) }},
        {{ normalised_email('recipient_text') }} as recipient_email,
        {{ utc_timestamp('created_at') }} as event_time,
        {{ utc_timestamp('sent_at_text') }} as send_time
    from read_tags

),

final as (

    select
        -- keys
        export_id,
        position,
        part,
        'resend' as esp,
        source_event_id,
        case when source_event_id is null then {{ composite_id([
            'event_name', moment('event_time', 'created_at'), 'email_id', 'recipient_email', 'click_link'
        ]) }} end as composite_id,
        nullif(email_id, '') as esp_message_id,
        cast(null as varchar) as smtp_message_id,

        -- recipient
        recipient_email,

        -- attributes
        'webhook_json' as source_format,
        {{ filled('type') }} as raw_event_type,
        case event_name
            when 'email.sent' then 'sent'
            when 'email.delivered' then 'delivered'
            when 'email.delivery_delayed' then 'deferred'
            when 'email.bounced' then 'bounced'
            when 'email.complained' then 'complained'
            when 'email.opened' then 'opened'
            when 'email.clicked' then 'clicked'
            when 'email.failed' then 'failed'
            when 'email.suppressed' then 'dropped'
            when 'email.scheduled' then 'pre_send'
            else 'other'
        end as event_type,
        case
            when event_name = 'email.delivery_delayed' then 'delayed'
            when event_name = 'email.complained' then 'fbl'
            when event_name = 'email.suppressed' then 'policy'
            when event_name = 'email.scheduled' then 'scheduled'
            when event_name != 'email.bounced' then null
            when lower(bounce_type) = 'permanent' then 'hard'
            when lower(bounce_type) in ('transient', 'temporary') then 'soft'
            else 'undetermined'
        end as event_subtype,
        coalesce(nullif(broadcast_id, ''), {{ filled('tag_campaign_id') }}) as campaign_id,
        {{ filled('tag_campaign_name') }} as campaign_name,
        {{ filled('tag_experiment') }} as experiment,
        {{ filled('tag_variant') }} as variant,
        cast(null as varchar) as message_stream,
        nullif({{ json_array_of_members('tags_object') }}, '[]') as tags,
        {{ json_without_members('tags_object') }} as custom_arguments,
        nullif(click_link, '') as url,
        cast(null as integer) as link_position,
        nullif(coalesce(click_user_agent, open_user_agent), '') as user_agent,
        nullif(coalesce(click_ip, open_ip), '') as ip,
        cast(null as varchar) as device_type,
        cast(null as varchar) as email_client,
        cast(null as varchar) as proxy,
        cast(null as boolean) as is_machine,
        'none' as machine_basis,
        nullif(coalesce(bounce_message, failed_reason, suppressed_message), '') as reason,

        -- measures
        cast(null as double) as read_seconds,
        cast(null as varchar) as order_id,
        cast(null as decimal(18, 4)) as revenue,
        cast(null as varchar) as currency,

        -- times
        {{ plausible_time('event_time') }} as occurred_at,
        {{ plausible_send_time('send_time') }} as sent_at,
        {{ time_basis('created_at', 'event_time') }} as time_basis,

        -- payload
        record
    from read_times

)

select * from final
