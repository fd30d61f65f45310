{#- A form has keys in brackets, the same post as JSON has objects. -#}
{%- set fields = {
    'type_text': ['type'],
    'date_time': ['date_time'],
    'initiated_by': ['initiated_by'],
    'list_id': ['list'],
    'form_email': ['contact[email]'],
    'form_ip': ['contact[ip]'],
    'form_campaign_id': ['campaign[id]'],
    'form_campaign_name': ['campaign[name]'],
    'form_message_id': ['campaign[message][id]'],
    'form_link_id': ['link[id]'],
    'form_link_url': ['link[url]'],
    'form_bounce_type': ['bounce[type]'],
    'form_bounce_code': ['bounce[code]'],
    'form_unsubscribe_reason': ['unsubscribe[reason]'],
    'json_email': ['contact', 'email'],
    'json_ip': ['contact', 'ip'],
    'json_campaign_id': ['campaign', 'id'],
    'json_campaign_name': ['campaign', 'name'],
    'json_message_id': ['campaign', 'message', 'id'],
    'json_link_id': ['link', 'id'],
    'json_link_url': ['link', 'url'],
    'json_bounce_type': ['bounce', 'type'],
    'json_bounce_code': ['bounce', 'code'],
    'json_unsubscribe_reason': ['unsubscribe', 'reason'],
} -%}
with

records as (

    {{ published_records('activecampaign', fields) }}

),

read_cells as (

    select
        *,
        lower(trim(type_text)) as event_name,
        lower(trim(coalesce(form_bounce_type, json_bounce_type))) as bounce_name,
        {{ normalised_email('coalesce(form_email, json_email)') }} as recipient_email,
        coalesce(nullif(form_campaign_id, ''), nullif(json_campaign_id, '')) as campaign,
        coalesce(nullif(form_message_id, ''), nullif(json_message_id, '')) as message,
        coalesce(nullif(form_link_url, ''), nullif(json_link_url, '')) as link_url,
        coalesce(nullif(form_link_id, ''), nullif(json_link_id, '')) as link,
        {{ utc_timestamp('date_time', account_time_zone('activecampaign')) }} as event_time
    from records

),

final as (

    select
        -- keys
        export_id,
        position,
        1 as part,
        'activecampaign' as esp,
        cast(null as varchar) as source_event_id,
        -- Nothing numbers an event: it is all that it says.
        {{ composite_id([
            'event_name', moment('event_time', 'date_time'), 'recipient_email', 'campaign', 'message', 'link',
            'link_url', 'list_id'
        ]) }} as composite_id,
        'campaign:' || campaign || coalesce('-' || message, '') as esp_message_id,
        cast(null as varchar) as smtp_message_id,

        -- recipient
        recipient_email,

        -- attributes
        case
            when coalesce(json_email, json_campaign_id) is null then 'webhook_form'
            else 'webhook_json'
        end as source_format,
        nullif(type_text, '') as raw_event_type,
        case
            -- Of a campaign, and once, where no contact is named: it starts to be sent.
            when event_name in ('sent', 'send', 'campaign_sent') and recipient_email is null then 'control'
            when event_name in ('sent', 'send', 'campaign_sent') then 'sent'
            when event_name in ('open', 'read', 'opened') then 'opened'
            when event_name in ('click', 'clicked', 'link_click') then 'clicked'
            when event_name in ('forward', 'share') then 'forwarded'
            when event_name in ('bounce', 'bounced') then 'bounced'
            when event_name in ('unsubscribe', 'unsubscribed') then 'unsubscribed'
            when event_name in ('subscribe', 'subscribed') then 'resubscribed'
            when event_name in ('reply', 'replied') then 'replied'
            else 'other'
        end as event_type,
        case
            when event_name in ('bounce', 'bounced') and bounce_name in ('hard', 'soft') then bounce_name
            when event_name in ('bounce', 'bounced') then 'undetermined'
            when event_name in ('unsubscribe', 'unsubscribed', 'subscribe', 'subscribed') then 'list'
        end as event_subtype,
        campaign as campaign_id,
        coalesce({{ filled('form_campaign_name') }}, {{ filled('json_campaign_name') }}) as campaign_name,
        cast(null as varchar) as experiment,
        cast(null as varchar) as variant,
        cast(null as varchar) as message_stream,
        cast(null as varchar) as tags,
        cast(null as varchar) as custom_arguments,
        link_url as url,
        cast(null as integer) as link_position,
        cast(null as varchar) as user_agent,
        cast(null as varchar) as ip,
        cast(null as varchar) as device_type,
        cast(null as varchar) as email_client,
        cast(null as varchar) as proxy,
        cast(null as boolean) as is_machine,
        'none' as machine_basis,
        coalesce(
            {{ filled('form_unsubscribe_reason') }},
            {{ filled('json_unsubscribe_reason') }},
            {{ filled('form_bounce_code') }},
            {{ filled('json_bounce_code') }}
        ) as reason,

        -- measures
        cast(null as double) as read_seconds,
        cast(null as varchar) as order_id,
        cast(null as decimal(18, 4)) as revenue,
        cast(null as varchar) as currency,

        -- times
        {{ plausible_time('event_time') }} as occurred_at,
        cast(null as timestamp) as sent_at,
        {{ time_basis('date_time', 'event_time', local_basis='account_time_zone') }} as time_basis,

        -- payload
        record
    from read_cells

)

select * from final
