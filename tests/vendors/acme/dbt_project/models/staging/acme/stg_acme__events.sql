{%- set fields = {
    'type': ['acme_event'],
    'id': ['acme_id'],
    'recipient': ['to'],
    'time_text': ['at'],
    'mail_id': ['mail', 'id'],
    'mail_campaign': ['mail', 'campaign'],
    'mail_variant': ['mail', 'variant'],
    'link': ['link'],
    'agent': ['agent'],
    'robot': ['robot'],
} -%}
with

records as (

    {{ published_records('acme', fields) }}

),

read_cells as (

    select
        *,
        lower(trim(type)) as event_name,
        nullif(id, '') as source_event_id,
        try_cast(robot as boolean) as is_robot,
        {{ normalised_email('recipient') }} as recipient_email,
        {{ utc_timestamp('time_text') }} as event_time
    from records

),

final as (

    select
        -- keys
        export_id,
        position,
        1 as part,
        'acme' as esp,
        source_event_id,
        case when source_event_id is null then {{ composite_id([
            'event_name', 'time_text', 'mail_id', 'recipient_email', 'link'
        ]) }} end as composite_id,
        nullif(mail_id, '') as esp_message_id,
        cast(null as varchar) as smtp_message_id,

        -- recipient
        recipient_email,

        -- attributes
        'webhook_json' as source_format,
        {{ filled('type') }} as raw_event_type,
        case event_name
            when 'sent' then 'sent'
            when 'delivered' then 'delivered'
            when 'seen' then 'opened'
            when 'followed' then 'clicked'
            when 'ping' then 'control'
            else 'other'
        end as event_type,
        cast(null as varchar) as event_subtype,
        {{ filled('mail_campaign') }} as campaign_id,
        cast(null as varchar) as campaign_name,
        cast(null as varchar) as experiment,
        {{ filled('mail_variant') }} as variant,
        cast(null as varchar) as message_stream,
        cast(null as varchar) as tags,
        cast(null as varchar) as custom_arguments,
        nullif(link, '') as url,
        cast(null as integer) as link_position,
        nullif(agent, '') as user_agent,
        cast(null as varchar) as ip,
        cast(null as varchar) as device_type,
        cast(null as varchar) as email_client,
        cast(null as varchar) as proxy,
        is_robot as is_machine,
        case when is_robot is null then 'none' else 'esp_flag:robot' end as machine_basis,
        cast(null as varchar) as reason,

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
    from read_cells

)

select * from final
