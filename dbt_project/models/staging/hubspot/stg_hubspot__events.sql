{%- set fields = {
    'id': ['id'],
    'created': ['created'],
    'type': ['type'],
    'recipient': ['recipient'],
    'email_campaign_id': ['emailCampaignId'],
    'sent_by_id': ['sentBy', 'id'],
    'sent_by_created': ['sentBy', 'created'],
    'obsoleted_by_id': ['obsoletedBy', 'id'],
    'smtp_id': ['smtpId'],
    'url_text': ['url'],
    'user_agent_text': ['userAgent'],
    'device_type_text': ['deviceType'],
    'browser_name': ['browser', 'name'],
    'ip_address': ['ipAddress'],
    'filtered_event': ['filteredEvent'],
    'duration': ['duration'],
    'category': ['category'],
    'status': ['status'],
    'response': ['response'],
    'drop_reason': ['dropReason'],
    'drop_message': ['dropMessage'],
    'suppressed_reason': ['suppressedReason'],
    'subscriptions': ['subscriptions'],
    'portal_status': ['portalSubscriptionStatus'],
    'bounced': ['bounced'],
} -%}
with

records as (

    {{ published_records('hubspot', fields) }}

),

read_cells as (

    select
        *,
        nullif(trim(type), '') as raw_event_type,
        lower(trim(type)) as type_name,
        nullif(id, '') || ':' || created as source_event_id,
        {{ normalised_email('recipient') }} as recipient_email,
        {{ utc_timestamp('created') }} as event_time,
        {{ utc_timestamp('sent_by_created') }} as send_time
    from records

),

-- A change of status says in its fields what changed. A drop or bounce that a later event makes obsolete did not last.
named as (

    select
        *,
        case
            when type_name in ('dropped', 'bounce') and obsoleted_by_id is not null then 'obsolete'
            when type_name != 'statuschange' then type_name
            when upper(portal_status) = 'UNSUBSCRIBED' then 'statuschange:out of all'
            when upper(subscriptions) like '%"UNSUBSCRIBED"%' then 'statuschange:out of some'
            when bounced = 'true' then 'statuschange:bounced'
            when upper(portal_status) = 'SUBSCRIBED' then 'statuschange:into all'
            when upper(subscriptions) like '%"SUBSCRIBED"%' then 'statuschange:into some'
            else 'statuschange'
        end as event_name,
        type_name in ('open', 'click', 'print', 'forward') as is_engagement
    from read_cells

),

final as (

    select
        -- keys
        export_id,
        position,
        1 as part,
        'hubspot' as esp,
        source_event_id,
        case when source_event_id is null then {{ composite_id([
            'type_name', moment('event_time', 'created'), 'recipient_email', 'sent_by_id', 'url_text'
        ]) }} end as composite_id,
        -- Every event names the event that sent the message; that one names itself.
        coalesce(nullif(sent_by_id, ''), case when type_name = 'sent' then nullif(id, '') end) as esp_message_id,
        {{ bare_message_id('smtp_id') }} as smtp_message_id,

        -- recipient
        recipient_email,

        -- attributes
        'events_page' as source_format,
        raw_event_type,
        case event_name
            when 'sent' then 'sent'
            when 'processed' then 'pre_send'
            when 'delivered' then 'delivered'
            when 'deferred' then 'deferred'
            when 'bounce' then 'bounced'
            when 'dropped' then 'dropped'
            when 'suppressed' then 'dropped'
            when 'suppression' then 'dropped'
            when 'open' then 'opened'
            when 'click' then 'clicked'
            when 'print' then 'printed'
            when 'forward' then 'forwarded'
            when 'spamreport' then 'complained'
            when 'statuschange:out of all' then 'unsubscribed'
            when 'statuschange:out of some' then 'unsubscribed'
            when 'statuschange:into all' then 'resubscribed'
            when 'statuschange:into some' then 'resubscribed'
            -- The bounce behind it comes as an event of its own.
            when 'statuschange:bounced' then 'control'
            when 'obsolete' then 'control'
            else 'other'
        end as event_type,
        case event_name
            when 'processed' then 'processed'
            when 'deferred' then 'delayed'
            when 'bounce'
                then
                    case
                        when upper(category) = 'UNKNOWN_USER' then 'hard'
                        when upper(category) in ('SPAM', 'CONTENT', 'POLICY', 'BLOCK', 'BLOCKED', 'DMARC') then 'block'
                        when upper(category) = 'MAILBOX_FULL' then 'soft'
                        when status like '5%' then 'hard'
                        when status like '4%' then 'soft'
                        else 'undetermined'
                    end
            when 'dropped'
                then
                    case
                        when upper(drop_reason) like '%BOUNCE%' then 'bounced_address'
                        when upper(drop_reason) like '%UNSUBSCRIBE%' then 'unsubscribed'
                        when upper(drop_reason) like '%SPAM%' then 'spam_reporting'
                        when upper(drop_reason) like 'INVALID%' then 'invalid'
                        else 'policy'
                    end
            when 'suppressed' then 'policy'
            when 'suppression' then 'policy'
            when 'spamreport' then 'fbl'
            when 'statuschange:out of all' then 'global'
            when 'statuschange:out of some' then 'list'
            when 'statuschange:into all' then 'global'
            when 'statuschange:into some' then 'list'
            when 'statuschange:bounced' then 'suppressed_by_bounce'
            when 'obsolete' then 'obsolete'
        end as event_subtype,
        nullif(email_campaign_id, '') as campaign_id,
        cast(null as varchar) as campaign_name,
        cast(null as varchar) as experiment,
        cast(null as varchar) as variant,
        cast(null as varchar) as message_stream,
        cast(null as varchar) as tags,
        cast(null as varchar) as custom_arguments,
        nullif(url_text, '') as url,
        cast(null as integer) as link_position,
        case when is_engagement then nullif(user_agent_text, '') end as user_agent,
        case when is_engagement then nullif(ip_address, '') end as ip,
        case when is_engagement then {{ device_type('device_type_text') }} end as device_type,
        case when is_engagement then nullif(browser_name, '') end as email_client,
        cast(null as varchar) as proxy,
        try_cast(filtered_event as boolean) as is_machine,
        case
            when try_cast(filtered_event as boolean) is null then 'none'
            else 'esp_flag:filteredEvent'
        end as machine_basis,
        case
            when type_name in ('bounce', 'deferred') then nullif(response, '')
            when type_name = 'dropped' then coalesce(nullif(drop_message, ''), nullif(drop_reason, ''))
            when type_name in ('suppressed', 'suppression') then nullif(suppressed_reason, '')
        end as reason,

        -- measures
        case when type_name = 'open' then {{ number('duration') }} / 1000 end as read_seconds,
        cast(null as varchar) as order_id,
        cast(null as decimal(18, 4)) as revenue,
        cast(null as varchar) as currency,

        -- times
        {{ plausible_time('event_time') }} as occurred_at,
        coalesce(
            {{ plausible_send_time('send_time') }},
            case when type_name = 'sent' then {{ plausible_send_time('event_time') }} end
        ) as sent_at,
        {{ time_basis('created', 'event_time') }} as time_basis,

        -- payload
        record
    from named

)

select * from final
