{%- set wrapping = {
    'event_data': ['event-data'],
    'token': ['token'],
    'capital_message_id': ['Message-Id'],
} -%}
{#- Names with a hyphen between client and what it is of stand below client-info, or flat in a legacy form post. -#}
{%- set fields = {
    'event': ['event'],
    'id': ['id'],
    'first_time_text': ['timestamp'],
    'time_texts': ['repeated[]', 'timestamp'],
    'recipient': ['recipient'],
    'severity': ['severity'],
    'failure_reason': ['reason'],
    'status_code': ['delivery-status', 'code'],
    'status_message': ['delivery-status', 'message'],
    'status_description': ['delivery-status', 'description'],
    'reject_reason': ['reject', 'reason'],
    'header_message_id': ['message', 'headers', 'message-id'],
    'url': ['url'],
    'ip': ['ip'],
    'tags_text': ['tags'],
    'campaigns': ['campaigns'],
    'mailing_list': ['mailing-list'],
    'bot': ['client-info', 'bot'],
    'client_user_agent': ['client-info', 'user-agent'],
    'client_device_type': ['client-info', 'device-type'],
    'client_name': ['client-info', 'client-name'],
    'variable_campaign_id': ['user-variables', 'campaign_id'],
    'variable_campaign_name': ['user-variables', 'campaign_name'],
    'variable_experiment': ['user-variables', 'experiment'],
    'variable_variant': ['user-variables', 'variant'],
    'form_message_id': ['message-id'],
    'form_code': ['code'],
    'form_error': ['error'],
    'form_description': ['description'],
    'form_tag': ['tag'],
    'form_tags': ['repeated[]', 'tag'],
    'form_header_tag': ['X-Mailgun-Tag'],
    'form_header_tags': ['repeated[]', 'X-Mailgun-Tag'],
    'form_campaign_id': ['campaign-id'],
    'form_campaign_name': ['campaign-name'],
    'form_user_agent': ['user-agent'],
    'form_device_type': ['device-type'],
    'form_client_name': ['client-name'],
    'form_variable_campaign_id': ['campaign_id'],
    'form_variable_campaign_name': ['campaign_name'],
    'form_variable_experiment': ['experiment'],
    'form_variable_variant': ['variant'],
} -%}
{#- Every other field of a legacy form is a variable of the sender's own. -#}
{%- set form_fields = [
    'event', 'recipient', 'domain', 'ip', 'country', 'region', 'city', 'user-agent', 'device-type', 'client-type',
    'client-name', 'client-os', 'bot', 'campaign-id', 'campaign-name', 'tag', 'tags', 'url', 'mailing-list',
    'timestamp', 'token', 'signature', 'message-headers', 'message-id', 'Message-Id', 'code', 'reason', 'description',
    'error', 'notification', 'body-plain', 'attachment-count', 'repeated[]',
] -%}
with

records as (

    {{ published_records('mailgun', wrapping) }}

),

-- A webhook body wraps the event, an item of a page is one, and a legacy form post has a token beside its fields.
unwrapped as (

    select
        export_id,
        position,
        record,
        capital_message_id,
        case
            when event_data is not null then 'webhook_json'
            when token is not null then 'legacy_form'
            else 'events_api'
        end as source_format,
        {{ json_struct('coalesce(' ~ json_or_null('event_data', '{') ~ ', record)', fields) }} as fields
    from records

),

read_fields as (

    select
        *,
        {{ json_columns('fields', fields) }}
    from unwrapped

),

-- A variable of the sender's own may be called as a field is: it follows the field, but precedes what signs the form.
read_cells as (

    select
        *,
        coalesce({{ last_of_list('time_texts') }}, first_time_text) as time_text
    from read_fields

),

read_names as (

    select
        *,
        lower(trim(event)) as native_name,
        lower(trim(severity)) as severity_name,
        lower(trim(failure_reason)) as reason_name,
        coalesce(status_code, form_code) as code,
        coalesce(
            nullif(status_message, ''),
            nullif(status_description, ''),
            nullif(form_error, ''),
            nullif(form_description, ''),
            nullif(failure_reason, '')
        ) as failure_text,
        {{ normalised_email('recipient') }} as recipient_email,
        {{ bare_message_id('coalesce(header_message_id, form_message_id, capital_message_id)') }} as message_id,
        case when campaigns not in ('[]', '') then {{ first_of_list('campaigns') }} end as first_campaign,
        {{ utc_timestamp('time_text') }} as event_time
    from read_cells

),

-- What failed was tried again, refused for good or never tried: the event alone does not tell.
named as (

    select
        *,
        case
            when native_name = 'temporary_fail' then 'failed:temporary'
            when native_name = 'failed' and severity_name = 'temporary' then 'failed:temporary'
            when native_name not in ('failed', 'permanent_fail', 'dropped', 'bounced') then native_name
            when reason_name = 'suppress-bounce' or code = '605' then 'failed:suppressed_bounce'
            when reason_name = 'suppress-unsubscribe' or code = '606' then 'failed:suppressed_unsubscribe'
            when reason_name = 'suppress-complaint' or code = '607' then 'failed:suppressed_complaint'
            when native_name = 'failed' and severity_name is null then 'failed'
            else 'failed:permanent'
        end as event_name,
        -- Unique within a day. A form post has none: a field of that name is the sender's own.
        case
            when source_format != 'legacy_form'
                then nullif(id, '') || ':' || cast(cast(event_time as date) as varchar)
        end as dated_id,
        {{ json_or_null('first_campaign', '{') }} as campaign
    from read_names

),

final as (

    select
        -- keys
        export_id,
        position,
        1 as part,
        'mailgun' as esp,
        dated_id as source_event_id,
        case when dated_id is null then {{ composite_id([
            'message_id', 'native_name', moment('event_time', 'time_text'), 'recipient_email', 'url', 'ip'
        ]) }} end as composite_id,
        message_id as esp_message_id,
        message_id as smtp_message_id,

        -- recipient
        recipient_email,

        -- attributes
        source_format,
        case
            when native_name = 'failed' then event || coalesce(':' || nullif(severity, ''), '')
            else {{ filled('event') }}
        end as raw_event_type,
        case event_name
            when 'accepted' then 'sent'
            when 'delivered' then 'delivered'
            when 'opened' then 'opened'
            when 'clicked' then 'clicked'
            when 'unsubscribed' then 'unsubscribed'
            when 'complained' then 'complained'
            when 'rejected' then 'dropped'
            when 'stored' then 'control'
            when 'failed:temporary' then 'deferred'
            when 'failed:suppressed_bounce' then 'dropped'
            when 'failed:suppressed_unsubscribe' then 'dropped'
            when 'failed:suppressed_complaint' then 'dropped'
            when 'failed:permanent' then 'bounced'
            when 'failed' then 'bounced'
            else 'other'
        end as event_type,
        case event_name
            when 'unsubscribed' then case when mailing_list not in ('', '{}') then 'list' else 'global' end
            when 'complained' then 'fbl'
            when 'rejected' then 'policy'
            when 'failed:temporary' then 'delayed'
            when 'failed:suppressed_bounce' then 'bounced_address'
            when 'failed:suppressed_unsubscribe' then 'unsubscribed'
            when 'failed:suppressed_complaint' then 'spam_reporting'
            when 'failed:permanent' then 'hard'
            when 'failed' then 'undetermined'
        end as event_subtype,
        coalesce(
            nullif({{ json_text('campaign', "'id'") }}, ''),
            nullif(form_campaign_id, ''),
            {{ filled('variable_campaign_id') }},
            {{ filled('form_variable_campaign_id') }}
        ) as campaign_id,
        coalesce(
            nullif({{ json_text('campaign', "'name'") }}, ''),
            nullif(form_campaign_name, ''),
            {{ filled('variable_campaign_name') }},
            {{ filled('form_variable_campaign_name') }}
        ) as campaign_name,
        coalesce({{ filled('variable_experiment') }}, {{ filled('form_variable_experiment') }}) as experiment,
        coalesce({{ filled('variable_variant') }}, {{ filled('form_variable_variant') }}) as variant,
        cast(null as varchar) as message_stream,
        {{ tags_array('coalesce(tags_text, form_tags, form_tag, form_header_tags, form_header_tag)') }} as tags,
        case
            when source_format = 'legacy_form'
                then {{ json_without_members('record', form_fields, ['X-Mailgun-', 'attachment-']) }}
            else
                coalesce(
                    {{ json_object_at('record', ['event-data', 'user-variables']) }},
                    {{ json_object_at('record', ['user-variables']) }}
                )
        end as custom_arguments,
        nullif(url, '') as url,
        cast(null as integer) as link_position,
        nullif(coalesce(client_user_agent, form_user_agent), '') as user_agent,
        case when native_name in ('opened', 'clicked') then nullif(ip, '') end as ip,
        {{ device_type('coalesce(client_device_type, form_device_type)') }} as device_type,
        nullif(nullif(coalesce(client_name, form_client_name), ''), 'unknown') as email_client,
        case when lower(bot) in ('apple', 'gmail') then lower(bot) end as proxy,
        -- An empty text is Mailgun's word for no machine; where it says nothing, nobody knows.
        bot != '' as is_machine,
        case when bot is null then 'none' else 'esp_flag:client-info.bot' end as machine_basis,
        case
            when event_name = 'rejected' then nullif(reject_reason, '')
            when starts_with(event_name, 'failed') then failure_text
        end as reason,

        -- measures
        cast(null as double) as read_seconds,
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
