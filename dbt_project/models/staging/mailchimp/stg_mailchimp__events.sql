{%- set hook = {
    'hook_email': 'email',
    'hook_new_email': 'new_email',
    'hook_reason': 'reason',
    'hook_action': 'action',
    'hook_campaign_id': 'campaign_id',
    'hook_id': 'id',
    'hook_list_id': 'list_id',
} -%}
{%- set fields = {
    'line_email': ['page'],
    'line_action': ['record', 'action'],
    'line_timestamp': ['record', 'timestamp'],
    'line_type': ['record', 'type'],
    'line_url': ['record', 'url'],
    'line_ip': ['record', 'ip'],
    'member_email': ['email_address'],
    'email_id': ['email_id'],
    'named_campaign_id': ['campaign_id'],
    'combination_id': ['combination_id'],
    'list_id': ['list_id'],
    'activity': ['activity'],
    'row_timestamp': ['Timestamp'],
    'row_email': ['Email'],
    'row_email_address': ['Email Address'],
    'row_url': ['Url'],
    'row_ip': ['IP'],
    'row_ip_address': ['IP Address'],
    'loader_member_id': ['member_id'],
    'loader_automation_id': ['automation_email_id'],
    'report_title': ['Title'],
    'report_send_date': ['Send Date'],
    'report_campaign_id': ['Unique Id'],
    'hook_type': ['type'],
    'fired_at': ['fired_at'],
} -%}
{#- A webhook's form has keys in brackets, the same as JSON has an object. -#}
{%- for column, name in hook.items() -%}
    {%- do fields.update({'flat_' ~ column: ['data[' ~ name ~ ']'], 'nested_' ~ column: ['data', name]}) -%}
{%- endfor -%}
{#- Names that differ from others in case alone are no two fields of one struct. -#}
{%- set loader = {
    'loader_action': ['action'],
    'loader_timestamp': ['timestamp'],
    'loader_bounce_type': ['bounce_type'],
    'loader_reason': ['reason'],
    'loader_url': ['url'],
    'loader_ip': ['ip'],
} -%}
{#- Of an activity list each element is an event of its own. -#}
{%- set activity = {
    'activity_action': ['action'],
    'activity_type': ['type'],
    'activity_timestamp': ['timestamp'],
    'activity_url': ['url'],
    'activity_ip': ['ip'],
} -%}
{%- set file_ending = "(?:[.](?:csv|tsv|txt|json|jsonl|ndjson|gz|zst))*$" -%}
with

records as (

    {{ published_records('mailchimp', fields, of_export=['file_name']) }}

),

-- What the list under `activity` holds is taken apart; any other record is a row of its own.
parted as (

    select
        *,
        {{ json_list_rows('activity', 'null', 'element', 'part') }}
    from records

),

read_activity as (

    select
        *,
        {{ json_struct(json_or_null('element', '{'), activity) }} as activity_fields,
        {{ json_struct('case when loader_member_id is not null then record end', loader) }} as loader_fields
    from parted

),

read_cells as (

    select
        *,
        {{ json_columns('activity_fields', activity) }},
        {{ json_columns('loader_fields', loader) }},
        {{ nested_or_flat(hook.keys()) }}
    from read_activity

),

told_apart as (

    select
        *,
        case
            when row_timestamp is not null then 'granular_csv'
            when report_send_date is not null then 'report_csv'
            when fired_at is not null and nested_hook_list_id is not null then 'webhook_json'
            when fired_at is not null then 'webhook_form'
            when line_email is not null then 'export_api'
            when loader_member_id is not null then 'loader_rows'
            else 'email_activity'
        end as source_format,
        lower({{ regexp_group('file_name', "'(?i)(?:^|/)(opens|clicks)/[^/]*$'", 1) }}) as granular_folder,
        -- The campaign stands in the file's name alone, and by the number that the site shows, not the API's.
        {{ regexp_group('file_name', "'(?i)(?:^|/)([0-9]+|[0-9a-f]{10})_[^/]*$'", 1) }} as file_campaign_id,
        {{ regexp_group('file_name', "'(?i)(?:^|/)(?:[0-9]+|[0-9a-f]{10})_([^/]*?)" ~ file_ending ~ "'", 1) }}
            as file_campaign_name,
        {{ regexp_group('file_name', "'(?i)(?:^|/)([0-9a-f]{10})" ~ file_ending ~ "'", 1) }} as file_api_campaign_id
    from read_cells

),

named as (

    select
        *,
        case
            when source_format = 'report_csv' then 'report'
            when source_format in ('webhook_form', 'webhook_json') then lower(trim(hook_type))
            when source_format = 'export_api' then lower(trim(line_action))
            -- A loader's table of opt-outs has no action.
            when source_format = 'loader_rows' then coalesce(nullif(lower(trim(loader_action)), ''), 'unsubscribe')
            when source_format = 'email_activity' then coalesce(lower(trim(activity_action)), 'none')
            when granular_folder = 'opens' then 'open'
            when granular_folder = 'clicks' then 'click'
            -- Of a row outside its folder the URL tells a click.
            when row_url is null then 'open'
            else 'click'
        end as event_name,
        lower(coalesce(activity_type, line_type, loader_bounce_type)) as bounce_name,
        lower(trim(hook_reason)) as reason_name,
        coalesce(row_timestamp, fired_at, line_timestamp, activity_timestamp, report_send_date, loader_timestamp)
            as time_text,
        nullif(coalesce(row_url, line_url, activity_url, loader_url), '') as url,
        nullif(coalesce(row_ip, row_ip_address, line_ip, activity_ip, loader_ip), '') as ip,
        lower(coalesce(loader_member_id, email_id)) as member_id,
        coalesce(
            {{ normalised_email('line_email') }},
            {{ normalised_email('member_email') }},
            {{ normalised_email('row_email') }},
            {{ normalised_email('row_email_address') }},
            {{ normalised_email('hook_email') }},
            {{ normalised_email('hook_new_email') }}
        ) as named_email,
        case
            when source_format = 'report_csv' then nullif(report_campaign_id, '')
            when source_format = 'granular_csv' then file_campaign_id
            when source_format in ('webhook_form', 'webhook_json') and lower(trim(hook_type)) = 'campaign'
                then hook_id
            -- An Export API line names no campaign: whoever fetched it named the file by it.
            when source_format = 'export_api' then coalesce(file_campaign_id, file_api_campaign_id)
            else
                coalesce(
                    nullif(named_campaign_id, ''),
                    nullif(loader_automation_id, ''),
                    nullif(hook_campaign_id, '')
                )
        end as campaign_id
    from told_apart

),

read_times as (

    select
        *,
        -- Activity is in UTC, with or without saying so; the site's reports are on the account's clock.
        case
            when source_format = 'report_csv'
                then {{ utc_timestamp('time_text', account_time_zone('mailchimp'), ['%b %d, %Y %I:%M %p']) }}
            else {{ utc_timestamp('time_text') }}
        end as event_time
    from named

),

-- A member's id is the MD5 of the address in lower case, and a loader's rows have nothing else.
members as (

    select distinct
        {{ md5_hex('named_email') }} as member_id,
        named_email as email
    from named
    where named_email is not null

),

campaigns as (

    select
        campaign_id,
        max(report_title) as campaign_name,
        max({{ plausible_send_time('event_time') }}) as sent_at
    from read_times
    where source_format = 'report_csv' and campaign_id is not null
    group by campaign_id

),

final as (

    select
        -- keys
        read_times.export_id,
        read_times.position,
        read_times.part,
        'mailchimp' as esp,
        cast(null as varchar) as source_event_id,
        {{ composite_id([
            'read_times.campaign_id',
            'coalesce(read_times.named_email, members.email, read_times.member_id)',
            'read_times.event_name',
            moment('read_times.event_time', 'read_times.time_text'),
            'read_times.url',
            'read_times.ip',
            'read_times.hook_list_id'
        ]) }} as composite_id,
        cast(null as varchar) as esp_message_id,
        cast(null as varchar) as smtp_message_id,

        -- recipient
        coalesce(read_times.named_email, members.email) as recipient_email,

        -- attributes
        read_times.source_format,
        nullif(read_times.event_name, 'none') as raw_event_type,
        case
            when read_times.event_name = 'open' then 'opened'
            when read_times.event_name = 'click' then 'clicked'
            when read_times.event_name = 'bounce' then 'bounced'
            when read_times.event_name = 'sent' then 'sent'
            when read_times.event_name = 'unsubscribe' then 'unsubscribed'
            when read_times.event_name = 'subscribe' then 'resubscribed'
            when read_times.event_name = 'cleaned' and read_times.reason_name = 'abuse' then 'complained'
            when read_times.event_name = 'cleaned' then 'bounced'
            when read_times.event_name in ('campaign', 'report', 'none') then 'control'
            else 'other'
        end as event_type,
        case
            when read_times.event_name = 'bounce' and read_times.bounce_name in ('hard', 'soft')
                then read_times.bounce_name
            when read_times.event_name = 'bounce' then 'undetermined'
            when read_times.event_name = 'cleaned' and read_times.reason_name = 'abuse' then 'fbl'
            when read_times.event_name = 'cleaned' then 'hard'
            when read_times.event_name in ('unsubscribe', 'subscribe') then 'list'
            when read_times.event_name = 'none' then 'no_activity'
        end as event_subtype,
        read_times.campaign_id,
        coalesce(
            case when read_times.source_format = 'granular_csv' then read_times.file_campaign_name end,
            campaigns.campaign_name
        ) as campaign_name,
        cast(null as varchar) as experiment,
        nullif(read_times.combination_id, '') as variant,
        cast(null as varchar) as message_stream,
        cast(null as varchar) as tags,
        cast(null as varchar) as custom_arguments,
        read_times.url,
        cast(null as integer) as link_position,
        cast(null as varchar) as user_agent,
        case when read_times.event_name in ('open', 'click') then read_times.ip end as ip,
        cast(null as varchar) as device_type,
        cast(null as varchar) as email_client,
        cast(null as varchar) as proxy,
        cast(null as boolean) as is_machine,
        'none' as machine_basis,
        coalesce(
            read_times.hook_reason,
            read_times.hook_action,
            {{ filled('read_times.loader_reason') }}
        ) as reason,

        -- measures
        cast(null as double) as read_seconds,
        cast(null as varchar) as order_id,
        cast(null as decimal(18, 4)) as revenue,
        cast(null as varchar) as currency,

        -- times
        {{ plausible_time('read_times.event_time') }} as occurred_at,
        campaigns.sent_at,
        case
            when read_times.source_format = 'report_csv'
                then {{ time_basis('read_times.time_text', 'read_times.event_time', local_basis='account_time_zone') }}
            else {{ time_basis('read_times.time_text', 'read_times.event_time') }}
        end as time_basis,

        -- payload: of an activity list the element, so that a list that has grown changes none of its events
        coalesce({{ json_or_null('read_times.element', '{') }}, read_times.record) as record
    from read_times
    left join members
        on read_times.member_id = members.member_id and read_times.named_email is null
    left join campaigns
        on read_times.campaign_id = campaigns.campaign_id

)

select * from final
