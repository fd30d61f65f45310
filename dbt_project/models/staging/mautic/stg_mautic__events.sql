{%- set fields = {
    'trigger': ['page'],
    'timestamp_text': ['record', 'timestamp'],
    'stat_id': ['record', 'stat', 'id'],
    'stat_email': ['record', 'stat', 'emailAddress'],
    'stat_lead_email': ['record', 'stat', 'lead', 'fields', 'core', 'email', 'value'],
    'stat_tracking_hash': ['record', 'stat', 'trackingHash'],
    'stat_date_sent': ['record', 'stat', 'dateSent'],
    'stat_date_read': ['record', 'stat', 'dateRead'],
    'stat_email_id': ['record', 'stat', 'email', 'id'],
    'stat_email_name': ['record', 'stat', 'email', 'name'],
    'stat_variant_parent': ['record', 'stat', 'email', 'variantParent', 'id'],
    'stat_open_details': ['record', 'stat', 'openDetails'],
    'email_object': ['record', 'email'],
    'contact_email': ['record', 'contact', 'fields', 'core', 'email', 'value'],
    'lead_email': ['record', 'lead', 'fields', 'core', 'email', 'value'],
    'hit_id': ['record', 'hit', 'id'],
    'hit_date': ['record', 'hit', 'dateHit'],
    'hit_url': ['record', 'hit', 'url'],
    'hit_user_agent': ['record', 'hit', 'userAgent'],
    'hit_lead_email': ['record', 'hit', 'lead', 'fields', 'core', 'email', 'value'],
    'hit_redirect_url': ['record', 'hit', 'redirect', 'url'],
    'hit_email_object': ['record', 'hit', 'email'],
    'hit_tracking_id': ['record', 'hit', 'trackingId'],
    'channel': ['record', 'channel'],
    'old_status': ['record', 'old_status'],
    'new_status': ['record', 'new_status'],
    'contact_id': ['record', 'contact', 'id'],
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
        -- Older versions write the address or the e-mail itself where newer ones write a status of the sending.
        {{ json_value('email_object', 'id') }} as email_id,
        {{ json_value('email_object', 'name') }} as email_name,
        {{ json_value('hit_email_object', 'id') }} as hit_email_id,
        {{ json_value('hit_email_object', 'name') }} as hit_email_name,
        coalesce(
            {{ normalised_email('stat_email') }},
            {{ normalised_email('stat_lead_email') }},
            {{ normalised_email('hit_lead_email') }},
            {{ normalised_email('contact_email') }},
            {{ normalised_email('lead_email') }},
            case
                when email_object like '%@%' and not starts_with(email_object, '{')
                    then {{ normalised_email('email_object') }}
            end
        ) as recipient_email
    from records

),

named as (

    select
        *,
        case
            when trigger_name != 'page_on_hit' and trigger_name != 'lead_channel_subscription_changed' then trigger_name
            -- A visit that no e-mail led to is the site's affair.
            when trigger_name = 'page_on_hit' and hit_email_object is null then 'page_on_hit:web'
            when trigger_name = 'page_on_hit' then 'page_on_hit:email'
            when channel_name != 'email' then 'subscription:other channel'
            else 'subscription:' || coalesce(status_name, '')
        end as event_name,
        case trigger_name
            when 'email_on_open' then coalesce(stat_date_read, timestamp_text)
            when 'email_on_send' then coalesce(stat_date_sent, timestamp_text)
            when 'page_on_hit' then coalesce(hit_date, timestamp_text)
            else timestamp_text
        end as time_text
    from read_cells

),

read_times as (

    select
        *,
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
        case
            -- Of a sending each of these happens once, and a visit has a number of its own.
            when trigger_name in ('email_on_send', 'email_on_delivered', 'email_on_open')
                then trigger_name || ':' || nullif(stat_id, '')
            when trigger_name = 'page_on_hit' then 'page_on_hit:' || nullif(hit_id, '')
        end as source_event_id,
        case
            when
                coalesce(
                    case
                        when trigger_name in ('email_on_send', 'email_on_delivered', 'email_on_open')
                            then nullif(stat_id, '')
                        when trigger_name = 'page_on_hit' then nullif(hit_id, '')
                    end,
                    ''
                ) = ''
                then {{ composite_id([
                    'trigger_name', 'recipient_email', 'contact_id', 'status_name', 'channel_name', 'time_text'
                ]) }}
        end as composite_id,
        -- A click knows the e-mail and not the sending, so that all events of a message meet at the e-mail.
        coalesce('email:' || coalesce(stat_email_id, email_id, hit_email_id), nullif(stat_tracking_hash, ''))
            as esp_message_id,
        cast(null as varchar) as smtp_message_id,

        -- recipient
        recipient_email,

        -- attributes
        'webhook_json' as source_format,
        nullif(trigger, '') as raw_event_type,
        case event_name
            when 'email_on_send' then 'sent'
            when 'email_on_delivered' then 'delivered'
            when 'email_on_open' then 'opened'
            when 'email_on_bounce' then 'bounced'
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
            when 'email_on_bounce' then 'undetermined'
            when 'subscription:contactable' then 'global'
            when 'subscription:other channel' then 'other_channel'
        end as event_subtype,
        coalesce(
            nullif(stat_variant_parent, ''), nullif(stat_email_id, ''), nullif(email_id, ''), nullif(hit_email_id, '')
        ) as campaign_id,
        coalesce({{ filled('stat_email_name') }}, {{ filled('email_name') }}, {{ filled('hit_email_name') }})
            as campaign_name,
        cast(null as varchar) as experiment,
        -- A variant is an e-mail of its own below the one it varies.
        case when nullif(stat_variant_parent, '') is not null then nullif(stat_email_id, '') end as variant,
        cast(null as varchar) as message_stream,
        cast(null as varchar) as tags,
        case when event_name = 'page_on_hit:email' then coalesce(nullif(hit_redirect_url, ''), nullif(hit_url, '')) end
            as url,
        cast(null as integer) as link_position,
        coalesce(nullif(hit_user_agent, ''), nullif(open_user_agent, '')) as user_agent,
        cast(null as varchar) as ip,
        cast(null as varchar) as device_type,
        cast(null as varchar) as email_client,
        cast(null as varchar) as proxy,
        cast(null as boolean) as is_machine,
        'none' as machine_basis,
        cast(null as varchar) as reason,

        -- measures
        cast(null as double) as read_seconds,
        cast(null as varchar) as order_id,
        cast(null as decimal(18, 4)) as revenue,
        cast(null as varchar) as currency,

        -- times
        {{ plausible_time('event_time') }} as occurred_at,
        {{ plausible_time('send_time') }} as sent_at,
        {{ time_basis('time_text', 'event_time') }} as time_basis,

        -- payload
        record
    from read_times

)

select * from final
