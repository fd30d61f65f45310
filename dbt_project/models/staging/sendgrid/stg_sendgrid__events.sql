{%- set fields = {
    'event': ['event'],
    'email': ['email'],
    'sg_event_id': ['sg_event_id'],
    'sg_message_id': ['sg_message_id'],
    'smtp_id': ['smtp-id'],
    'timestamp_text': ['timestamp'],
    'send_at': ['send_at'],
    'url': ['url'],
    'url_offset_index': ['url_offset', 'index'],
    'url_offset_type': ['url_offset', 'type'],
    'sg_content_type': ['sg_content_type'],
    'sg_machine_open': ['sg_machine_open'],
    'useragent': ['useragent'],
    'ip': ['ip'],
    'bounce_type': ['type'],
    'reason': ['reason'],
    'response': ['response'],
    'category': ['category'],
    'pool_name': ['pool', 'name'],
    'marketing_campaign_id': ['marketing_campaign_id'],
    'marketing_campaign_name': ['marketing_campaign_name'],
    'marketing_campaign_version': ['marketing_campaign_version'],
    'marketing_campaign_split_id': ['marketing_campaign_split_id'],
    'singlesend_id': ['singlesend_id'],
    'singlesend_name': ['singlesend_name'],
    'mc_auto_id': ['mc_auto_id'],
    'mc_auto_name': ['mc_auto_name'],
    'newsletter_id': ['newsletter', 'newsletter_id'],
    'argument_campaign_id': ['campaign_id'],
    'argument_campaign_name': ['campaign_name'],
    'argument_experiment': ['experiment'],
    'argument_variant': ['variant'],
    'csv_processed': ['processed'],
    'csv_message_id': ['message_id'],
    'csv_user_agent': ['user_agent'],
    'csv_categories': ['categories'],
    'csv_unique_args': ['unique_args'],
} -%}
{#- Custom arguments lie flat in a webhook body; in the CSV they are JSON in one cell. -#}
{%- set unique_args = {
    'cell_campaign_id': ['campaign_id'],
    'cell_campaign_name': ['campaign_name'],
    'cell_experiment': ['experiment'],
    'cell_variant': ['variant'],
} -%}
{#- Every other key of a webhook's event is an argument of the sender's own. -#}
{%- set own_fields = [
    'email', 'timestamp', 'event', 'smtp-id', 'smtp_id', 'sg_event_id', 'sg_message_id', 'category', 'useragent',
    'ip', 'url', 'url_offset', 'sg_content_type', 'sg_machine_open', 'reason', 'status', 'type',
    'bounce_classification', 'response', 'attempt', 'tls', 'cert_err', 'pool', 'send_at', 'asm_group_id',
    'template_id', 'template_version_id', 'template_hash', 'marketing_campaign_id', 'marketing_campaign_name',
    'marketing_campaign_version', 'marketing_campaign_split_id', 'singlesend_id', 'singlesend_name', 'newsletter',
    'phase_id', 'subuser', 'reseller_id',
] -%}
with

records as (

    {{ published_records('sendgrid', fields) }}

),

read_cells as (

    select
        *,
        csv_processed is not null as is_activity_csv,
        {{ json_struct(json_or_null('csv_unique_args', '{'), unique_args) }} as arguments,
        {{ filled('event') }} as raw_event_type,
        replace(lower({{ trimmed('event') }}), '_', '') as event_name,
        nullif(sg_event_id, '') as source_event_id,
        nullif(coalesce(sg_message_id, csv_message_id), '') as full_message_id,
        {{ normalised_email('email') }} as recipient_email,
        coalesce(csv_processed, timestamp_text) as time_text
    from records

),

read_times as (

    select
        *,
        {{ json_columns('arguments', unique_args) }},
        {{ utc_timestamp('time_text') }} as event_time,
        {{ utc_timestamp('send_at') }} as send_time
    from read_cells

),

final as (

    select
        -- keys
        export_id,
        position,
        1 as part,
        'sendgrid' as esp,
        source_event_id,
        case when source_event_id is null then {{ composite_id([
            'full_message_id', 'event_name', moment('event_time', 'time_text'), 'recipient_email', 'url',
            'url_offset_index'
        ]) }} end as composite_id,
        -- What follows the message's own id names the server that took it.
        nullif({{ text_before('full_message_id', ['.filter', '.stfilter', '.recv']) }}, '') as esp_message_id,
        {{ bare_message_id('smtp_id') }} as smtp_message_id,

        -- recipient
        recipient_email,

        -- attributes
        case when is_activity_csv then 'activity_csv' else 'webhook_json' end as source_format,
        raw_event_type,
        case event_name
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
        case
            when event_name = 'open' then lower(nullif(sg_content_type, ''))
            when event_name = 'click' then lower(nullif(url_offset_type, ''))
            when event_name = 'deferred' then 'delayed'
            when event_name = 'bounce' and lower(bounce_type) in ('blocked', 'block') then 'block'
            when event_name = 'bounce' then 'hard'
            when event_name = 'spamreport' then 'fbl'
            when event_name = 'unsubscribe' then 'global'
            when event_name in ('groupunsubscribe', 'groupresubscribe') then 'group'
            when event_name not in ('dropped', 'drop') then null
            when lower(reason) like 'bounced address%' then 'bounced_address'
            when lower(reason) like 'unsubscribed address%' then 'unsubscribed'
            when lower(reason) like 'spam reporting address%' then 'spam_reporting'
            when lower(reason) like 'invalid%' then 'invalid'
            else 'policy'
        end as event_subtype,
        coalesce(
            nullif(marketing_campaign_id, ''),
            nullif(singlesend_id, ''),
            nullif(mc_auto_id, ''),
            nullif(newsletter_id, ''),
            nullif(argument_campaign_id, ''),
            nullif(cell_campaign_id, '')
        ) as campaign_id,
        coalesce(
            nullif(marketing_campaign_name, ''),
            nullif(singlesend_name, ''),
            nullif(mc_auto_name, ''),
            nullif(argument_campaign_name, ''),
            nullif(cell_campaign_name, '')
        ) as campaign_name,
        coalesce(nullif(argument_experiment, ''), nullif(cell_experiment, '')) as experiment,
        coalesce(
            nullif(marketing_campaign_version, ''),
            nullif(marketing_campaign_split_id, ''),
            nullif(argument_variant, ''),
            nullif(cell_variant, '')
        ) as variant,
        nullif(pool_name, '') as message_stream,
        {{ tags_array('coalesce(category, csv_categories)') }} as tags,
        case
            when is_activity_csv
                then nullif({{ json_minified(json_or_null('csv_unique_args', '{')) }}, '{}')
            else {{ json_without_members('record', own_fields, ['mc_']) }}
        end as custom_arguments,
        nullif(url, '') as url,
        try_cast(url_offset_index as integer) as link_position,
        nullif(coalesce(useragent, csv_user_agent), '') as user_agent,
        -- On every other event it is the server that sent or took the message.
        case when event_name in ('open', 'click') then nullif(ip, '') end as ip,
        cast(null as varchar) as device_type,
        cast(null as varchar) as email_client,
        cast(null as varchar) as proxy,
        try_cast(sg_machine_open as boolean) as is_machine,
        case
            when try_cast(sg_machine_open as boolean) is null then 'none'
            else 'esp_flag:sg_machine_open'
        end as machine_basis,
        case when event_name != 'delivered' then nullif(coalesce(reason, response), '') end as reason,

        -- measures
        cast(null as double) as read_seconds,
        cast(null as varchar) as order_id,
        cast(null as decimal(18, 4)) as revenue,
        cast(null as varchar) as currency,

        -- times
        {{ plausible_time('event_time') }} as occurred_at,
        {{ plausible_send_time('send_time') }} as sent_at,
        {{ time_basis('time_text', 'event_time') }} as time_basis,

        -- payload
        record
    from read_times

)

select * from final
