{%- set fields = {
    'trigger': ['page'],
    'timestamp_text': ['record', 'timestamp'],
    'id_hash': ['record', 'idHash'],
    'stat_id': ['record', 'stat', 'id'],
    'stat_address': ['record', 'stat', 'emailAddress'],
    'stat_lead_address': ['record', 'stat', 'lead', 'fields', 'core', 'email', 'value'],
    'stat_date_sent': ['record', 'stat', 'dateSent'],
    'stat_date_read': ['record', 'stat', 'dateRead'],
    'stat_last_opened': ['record', 'stat', 'lastOpened'],
    'stat_open_count': ['record', 'stat', 'openCount'],
    'stat_open_details': ['record', 'stat', 'openDetails'],
    'stat_ip': ['record', 'stat', 'ipAddress'],
    'stat_email': ['record', 'stat', 'email'],
    'hit_id': ['record', 'hit', 'id'],
    'hit_date': ['record', 'hit', 'dateHit'],
    'hit_url': ['record', 'hit', 'url'],
    'hit_redirect_url': ['record', 'hit', 'redirect', 'url'],
    'hit_user_agent': ['record', 'hit', 'userAgent'],
    'hit_ip': ['record', 'hit', 'ipAddress'],
    'hit_lead_id': ['record', 'hit', 'lead', 'id'],
    'hit_lead_address': ['record', 'hit', 'lead', 'fields', 'core', 'email', 'value'],
    'hit_email': ['record', 'hit', 'email'],
    'hit_source': ['record', 'hit', 'source'],
    'hit_source_id': ['record', 'hit', 'sourceId'],
    'record_email': ['record', 'email'],
    'contact_id': ['record', 'contact', 'id'],
    'contact_address': ['record', 'contact', 'fields', 'core', 'email', 'value'],
    'contact_blocks': ['record', 'contact', 'doNotContact'],
    'lead_address': ['record', 'lead', 'fields', 'core', 'email', 'value'],
    'channel': ['record', 'channel'],
    'new_status': ['record', 'new_status'],
} -%}
{%- set email_fields = {
    'email_id': ['id'],
    'email_name': ['name'],
    'variant_parent': ['variantParent'],
    'variant_children': ['variantChildren'],
} -%}
with

records as (

    {{ published_records('mautic', fields) }}

),

read_cells as (

    select
        *,
        replace(lower(trim(trigger)), 'mautic.', '') as trigger_name,
        lower(trim(new_status)) as status_name,
        lower(trim(channel)) as channel_name,
        coalesce(try_cast(stat_open_count as integer), 1) as open_count,
        -- PHP writes an object without members as a list.
        coalesce(hit_email not in ('', '[]', '{}') or lower(hit_source) = 'email', false) as is_of_email,
        {{ json_struct(
            "coalesce("
            ~ json_or_null('stat_email', '{') ~ ", "
            ~ json_or_null('hit_email', '{') ~ ", "
            ~ json_or_null('record_email', '{') ~ ")",
            email_fields
        ) }} as email,
        -- A contact has one block per channel.
        {{ json_first_where('contact_blocks', 'channel', 'lower(trim(channel))', ['id', 'comments']) }} as block,
        coalesce(
            {{ normalised_email('stat_address') }},
            {{ normalised_email('stat_lead_address') }},
            {{ normalised_email('hit_lead_address') }},
            {{ normalised_email('contact_address') }},
            {{ normalised_email('lead_address') }},
            case when not starts_with(record_email, '{') then {{ normalised_email('record_email') }} end
        ) as recipient_email
    from records

),

read_email as (

    select
        *,
        {{ json_columns('email', email_fields) }}
    from read_cells

),

named as (

    select
        *,
        coalesce(nullif(email_id, ''), case when is_of_email then nullif(hit_source_id, '') end) as message_email_id,
        -- A variant is an e-mail of its own below the one it varies, which is a variant itself.
        coalesce(
            {{ json_value('variant_parent', 'id') }},
            {{ regexp_group('variant_parent', "'^([0-9]+)$'", 1) }},
            case when variant_children not in ('', '[]', '{}') then nullif(email_id, '') end
        ) as tested_email_id,
        case
            when trigger_name not in ('page_on_hit', 'lead_channel_subscription_changed') then trigger_name
            -- A visit that no e-mail led to is the site's affair.
            when trigger_name = 'page_on_hit' and is_of_email then 'page_on_hit:email'
            when trigger_name = 'page_on_hit' then 'page_on_hit:web'
            when channel_name != 'email' then 'subscription:other channel'
            else 'subscription:' || coalesce(status_name, '')
        end as event_name,
        case
            when trigger_name = 'email_on_open' and open_count > 1 then coalesce(stat_last_opened, timestamp_text)
            when trigger_name = 'email_on_open' then coalesce(stat_date_read, timestamp_text)
            when trigger_name = 'email_on_send' then coalesce(stat_date_sent, timestamp_text)
            when trigger_name = 'page_on_hit' then coalesce(hit_date, timestamp_text)
            else timestamp_text
        end as time_text
    from read_email

),

read_times as (

    select
        *,
        -- Of a sending each of these happens once, and a repeated open counts up.
        case
            when trigger_name in ('email_on_send', 'email_on_delivered', 'email_on_open')
                then
                    trigger_name || ':stat:' || nullif(stat_id, '')
                    || case when trigger_name = 'email_on_open' and open_count > 1 then ':' || open_count else '' end
            when trigger_name = 'page_on_hit' then 'hit:' || nullif(hit_id, '')
            when trigger_name = 'lead_channel_subscription_changed'
                then 'dnc:' || nullif(block['id'], '') || ':' || status_name
        end as source_event_id,
        {{ utc_timestamp('time_text') }} as event_time,
        {{ utc_timestamp('stat_date_sent') }} as send_time,
        {{ json_value(first_of_list('stat_open_details'), 'useragent') }} as open_user_agent
    from named

),

final as (

    select
        -- keys
        export_id,
        position,
        1 as part,
        'mautic' as esp,
        source_event_id,
        case when source_event_id is null then {{ composite_id([
            'trigger_name', 'recipient_email', 'coalesce(contact_id, hit_lead_id)', 'message_email_id', 'id_hash',
            'status_name', 'channel_name', moment('event_time', 'time_text'), 'hit_url', 'hit_redirect_url',
            'hit_user_agent'
        ]) }} end as composite_id,
        -- A click knows the e-mail and not the sending, so that all events of a message meet at the e-mail.
        'email:' || message_email_id as esp_message_id,
        cast(null as varchar) as smtp_message_id,

        -- recipient
        recipient_email,

        -- attributes
        'webhook_json' as source_format,
        {{ filled('trigger') }} as raw_event_type,
        case event_name
            when 'email_on_send' then 'sent'
            when 'email_on_delivered' then 'delivered'
            when 'email_on_open' then 'opened'
            when 'page_on_hit:email' then 'clicked'
            when 'page_on_hit:web' then 'control'
            when 'subscription:unsubscribed' then 'unsubscribed'
            when 'subscription:manual' then 'unsubscribed'
            when 'subscription:bounced' then 'bounced'
            when 'subscription:contactable' then 'resubscribed'
            when 'subscription:other channel' then 'control'
            else 'other'
        end as event_type,
        case event_name
            when 'page_on_hit:web' then 'web_visit'
            when 'subscription:unsubscribed' then 'global'
            when 'subscription:manual' then 'manual'
            when 'subscription:bounced' then 'undetermined'
            when 'subscription:contactable' then 'global'
            when 'subscription:other channel' then 'other_channel'
        end as event_subtype,
        coalesce(tested_email_id, message_email_id) as campaign_id,
        {{ filled('email_name') }} as campaign_name,
        tested_email_id as experiment,
        case when tested_email_id is not null then message_email_id end as variant,
        cast(null as varchar) as message_stream,
        cast(null as varchar) as tags,
        cast(null as varchar) as custom_arguments,
        case when event_name = 'page_on_hit:email' then coalesce(nullif(hit_redirect_url, ''), nullif(hit_url, '')) end
            as url,
        cast(null as integer) as link_position,
        coalesce(nullif(hit_user_agent, ''), nullif(open_user_agent, '')) as user_agent,
        case
            when event_name in ('email_on_open', 'page_on_hit:email')
                then {{ regexp_group('coalesce(hit_ip, stat_ip)', network_address_pattern(), 0) }}
        end as ip,
        cast(null as varchar) as device_type,
        cast(null as varchar) as email_client,
        cast(null as varchar) as proxy,
        cast(null as boolean) as is_machine,
        'none' as machine_basis,
        case when event_name like 'subscription:%' then nullif(block['comments'], '') end as reason,

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
