{%- set fields = {
    'event': ['event'],
    'sync_type': ['type'],
    'time_text': ['ts'],
    'outer_id': ['_id'],
    'url': ['url'],
    'ip': ['ip'],
    'user_agent': ['user_agent'],
    'agent_family': ['user_agent_parsed', 'ua_family'],
    'agent_is_mobile': ['user_agent_parsed', 'mobile'],
    'msg_id': ['msg', '_id'],
    'msg_ts': ['msg', 'ts'],
    'msg_email': ['msg', 'email'],
    'msg_tags': ['msg', 'tags'],
    'msg_diag': ['msg', 'diag'],
    'msg_bounce_description': ['msg', 'bounce_description'],
    'msg_reject_reason': ['msg', 'reject', 'reason'],
    'metadata_campaign_id': ['msg', 'metadata', 'campaign_id'],
    'metadata_campaign_name': ['msg', 'metadata', 'campaign_name'],
    'metadata_experiment': ['msg', 'metadata', 'experiment'],
    'metadata_variant': ['msg', 'metadata', 'variant'],
    'reject_email': ['reject', 'email'],
    'reject_reason': ['reject', 'reason'],
    'entry_email': ['entry', 'email'],
} -%}
with

records as (

    {{ published_records('mandrill', fields) }}

),

read_cells as (

    select
        *,
        coalesce({{ filled('event') }}, {{ filled('sync_type') }}) as raw_event_type,
        lower(trim(coalesce(nullif(event, ''), sync_type))) as event_name,
        lower(trim(msg_reject_reason)) as reject_name,
        nullif(coalesce(msg_id, outer_id), '') as esp_message_id,
        {{ normalised_email('coalesce(msg_email, reject_email, entry_email)') }} as recipient_email,
        {{ utc_timestamp('time_text') }} as event_time,
        {{ utc_timestamp('msg_ts') }} as send_time
    from records

),

final as (

    select
        -- keys
        export_id,
        position,
        1 as part,
        'mandrill' as esp,
        -- `_id` names the message. What the message went through before comes along in its lists of opens and clicks,
        -- which are no events again.
        cast(null as varchar) as source_event_id,
        {{ composite_id([
            'esp_message_id', 'event_name', moment('event_time', 'time_text'), 'recipient_email', 'url', 'ip'
        ]) }} as composite_id,
        esp_message_id,
        cast(null as varchar) as smtp_message_id,

        -- recipient
        recipient_email,

        -- attributes
        'webhook_json' as source_format,
        raw_event_type,
        case event_name
            when 'send' then 'sent'
            when 'delivered' then 'delivered'
            when 'deferral' then 'deferred'
            when 'hard_bounce' then 'bounced'
            when 'soft_bounce' then 'bounced'
            when 'open' then 'opened'
            when 'click' then 'clicked'
            when 'spam' then 'complained'
            when 'unsub' then 'unsubscribed'
            when 'reject' then 'dropped'
            else 'other'
        end as event_type,
        case
            when event_name = 'deferral' then 'delayed'
            when event_name = 'hard_bounce' then 'hard'
            when event_name = 'soft_bounce' then 'soft'
            when event_name = 'spam' then 'fbl'
            when event_name = 'unsub' then 'global'
            when event_name != 'reject' then null
            when reject_name in ('hard-bounce', 'soft-bounce') then 'bounced_address'
            when reject_name = 'unsub' then 'unsubscribed'
            when reject_name = 'spam' then 'spam_reporting'
            when reject_name like 'invalid%' then 'invalid'
            else 'policy'
        end as event_subtype,
        {{ filled('metadata_campaign_id') }} as campaign_id,
        {{ filled('metadata_campaign_name') }} as campaign_name,
        {{ filled('metadata_experiment') }} as experiment,
        {{ filled('metadata_variant') }} as variant,
        cast(null as varchar) as message_stream,
        {{ tags_array('msg_tags') }} as tags,
        {{ json_object_at('record', ['msg', 'metadata']) }} as custom_arguments,
        nullif(url, '') as url,
        cast(null as integer) as link_position,
        nullif(user_agent, '') as user_agent,
        case when event_name in ('open', 'click') then nullif(ip, '') end as ip,
        case
            when try_cast(agent_is_mobile as boolean) then 'mobile'
            when not try_cast(agent_is_mobile as boolean) then 'desktop'
        end as device_type,
        nullif(agent_family, '') as email_client,
        cast(null as varchar) as proxy,
        cast(null as boolean) as is_machine,
        'none' as machine_basis,
        coalesce(
            nullif(msg_bounce_description, ''),
            nullif(msg_diag, ''),
            nullif(msg_reject_reason, ''),
            nullif(reject_reason, '')
        ) as reason,

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
    from read_cells

)

select * from final
