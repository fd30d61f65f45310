{%- set fields = {
    'line_email': ['page'],
    'line_action': ['record', 'action'],
    'line_timestamp': ['record', 'timestamp'],
    'line_type': ['record', 'type'],
    'line_url': ['record', 'url'],
    'line_ip': ['record', 'ip'],
    'member_email': ['email_address'],
    'member_email_id': ['email_id'],
    'member_campaign_id': ['campaign_id'],
    'member_combination_id': ['combination_id'],
    'activity': ['activity'],
    'row_timestamp': ['Timestamp'],
    'row_email': ['Email'],
    'row_email_address': ['Email Address'],
    'row_url': ['Url'],
    'row_ip': ['IP'],
    'hook_type': ['type'],
    'fired_at': ['fired_at'],
    'hook_email': ['data[email]'],
    'hook_new_email': ['data[new_email]'],
    'hook_reason': ['data[reason]'],
    'hook_action': ['data[action]'],
    'hook_campaign_id': ['data[campaign_id]'],
    'hook_id': ['data[id]'],
    'hook_list_id': ['data[list_id]'],
} -%}
{#- Of an activity list each element is an event of its own. -#}
{%- set activity = {
    'activity_action': ['action'],
    'activity_type': ['type'],
    'activity_timestamp': ['timestamp'],
    'activity_url': ['url'],
    'activity_ip': ['ip'],
} -%}
with

records as (

    {{ published_records('mailchimp', fields, of_export=['file_name']) }}

),

parted as (

    select
        *,
        {{ numbered_elements('elements', 'element', 'part') }}
    from (
        select
            *,
            {{ json_elements('activity') }} as elements
        from records
    ) as listed

),

read_activity as (

    select
        *,
        case
            when row_timestamp is not null then 'granular_csv'
            when fired_at is not null then 'webhook_form'
            when line_email is not null then 'export_api'
            else 'email_activity'
        end as source_format,
        {{ json_struct(json_or_null('element', '{'), activity) }} as activity_fields,
        lower({{ regexp_group('file_name', "'(?i)(?:^|/)(opens|clicks)/[^/]*$'", 1) }}) as granular_folder,
        -- The campaign stands in the file's name alone, and by the number that the site shows, not the API's.
        {{ regexp_group('file_name', "'(?:^|/)([0-9]+)_[^/]*$'", 1) }} as file_campaign_id,
        {{ regexp_group('file_name', "'(?:^|/)[0-9]+_([^/]*)[.][A-Za-z]+(?:[.][A-Za-z]+)?$'", 1) }}
            as file_campaign_name
    from parted

),

read_cells as (

    select
        *,
        {{ json_columns('activity_fields', activity) }}
    from read_activity

),

named as (

    select
        *,
        case
            when source_format = 'webhook_form' then lower(trim(hook_type))
            when source_format = 'export_api' then lower(trim(line_action))
            when source_format = 'email_activity' then coalesce(lower(trim(activity_action)), 'none')
            when granular_folder = 'opens' then 'open'
            when granular_folder = 'clicks' then 'click'
            -- Of a row outside its folder the URL tells a click.
            when row_url is null then 'open'
            else 'click'
        end as event_name,
        lower(coalesce(activity_type, line_type)) as bounce_name,
        lower(trim(hook_reason)) as reason_name,
        coalesce(row_timestamp, fired_at, line_timestamp, activity_timestamp) as time_text,
        nullif(coalesce(row_url, line_url, activity_url), '') as url,
        nullif(coalesce(row_ip, line_ip, activity_ip), '') as ip,
        coalesce(
            {{ normalised_email('line_email') }},
            {{ normalised_email('member_email') }},
            {{ normalised_email('row_email') }},
            {{ normalised_email('row_email_address') }},
            {{ normalised_email('hook_email') }},
            {{ normalised_email('hook_new_email') }}
        ) as recipient_email,
        case
            when source_format = 'granular_csv' then file_campaign_id
            when source_format = 'webhook_form' and lower(trim(hook_type)) = 'campaign' then nullif(hook_id, '')
            -- An Export API line names no campaign: whoever fetched it named the file by it.
            else coalesce(nullif(member_campaign_id, ''), nullif(hook_campaign_id, ''), file_campaign_id)
        end as campaign_id
    from read_cells

),

read_times as (

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
        part,
        'mailchimp' as esp,
        cast(null as varchar) as source_event_id,
        {{ composite_id([
            'campaign_id', 'coalesce(recipient_email, member_email_id)', 'event_name', 'time_text', 'url', 'ip',
            'hook_list_id'
        ]) }} as composite_id,
        cast(null as varchar) as esp_message_id,
        cast(null as varchar) as smtp_message_id,

        -- recipient
        recipient_email,

        -- attributes
        source_format,
        nullif(event_name, 'none') as raw_event_type,
        case
            when event_name = 'open' then 'opened'
            when event_name = 'click' then 'clicked'
            when event_name = 'bounce' then 'bounced'
            when event_name = 'sent' then 'sent'
            when event_name = 'unsubscribe' then 'unsubscribed'
            when event_name = 'subscribe' then 'resubscribed'
            when event_name = 'cleaned' and reason_name = 'abuse' then 'complained'
            when event_name = 'cleaned' then 'bounced'
            when event_name in ('campaign', 'none') then 'control'
            else 'other'
        end as event_type,
        case
            when event_name = 'bounce' and bounce_name in ('hard', 'soft') then bounce_name
            when event_name = 'bounce' then 'undetermined'
            when event_name = 'cleaned' and reason_name = 'abuse' then 'fbl'
            when event_name = 'cleaned' then 'hard'
            when event_name in ('unsubscribe', 'subscribe') then 'list'
            when event_name = 'none' then 'no_activity'
        end as event_subtype,
        campaign_id,
        case when file_campaign_id is not null and source_format = 'granular_csv' then file_campaign_name end
            as campaign_name,
        cast(null as varchar) as experiment,
        nullif(member_combination_id, '') as variant,
        cast(null as varchar) as message_stream,
        cast(null as varchar) as tags,
        url,
        cast(null as integer) as link_position,
        cast(null as varchar) as user_agent,
        case when event_name in ('open', 'click') then ip end as ip,
        cast(null as varchar) as device_type,
        cast(null as varchar) as email_client,
        cast(null as varchar) as proxy,
        cast(null as boolean) as is_machine,
        'none' as machine_basis,
        coalesce({{ filled('hook_reason') }}, {{ filled('hook_action') }}) as reason,

        -- measures
        cast(null as double) as read_seconds,
        cast(null as varchar) as order_id,
        cast(null as decimal(18, 4)) as revenue,
        cast(null as varchar) as currency,

        -- times
        {{ plausible_time('event_time') }} as occurred_at,
        cast(null as timestamp) as sent_at,
        {{ time_basis('time_text', 'event_time') }} as time_basis,

        -- payload: of an activity list the element, so that a list that has grown changes none of its events
        coalesce({{ json_or_null('element', '{') }}, record) as record
    from read_times

)

select * from final
