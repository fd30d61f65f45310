{%- set fields = {
    'id': ['id'],
    'bounce_type': ['type'],
    'bounce_source': ['source'],
    'email': ['email'],
    'subscriber_uuid': ['subscriber_uuid'],
    'subscriber_id': ['subscriber_id'],
    'created_at': ['created_at'],
    'campaign_object': ['campaign'],
    'row_campaign_id': ['campaign_id'],
    'row_campaign_name': ['campaign_name'],
    'link_id': ['link_id'],
    'row_url': ['url'],
} -%}
with

records as (

    {{ published_records('listmonk', fields) }}

),

-- Go writes the name of the zone behind its offset.
read_times as (

    select
        *,
        {{ regexp_replace_all('created_at', "'( [+-][0-9]{4}) [A-Z0-9+-]+$'", "'\\1'") }} as time_text
    from records

),

namings as (

    {{ published_records('listmonk', {'subscriber_id': ['subscriber_id'], 'email': ['email']}) }}

),

-- The tables of views and clicks number their subscribers: the address is the only one that goes by the number.
subscribers as (

    select
        subscriber_id,
        min({{ normalised_email('email') }}) as email
    from namings
    where {{ normalised_email('email') }} is not null and nullif(subscriber_id, '') is not null
    group by subscriber_id
    having min({{ normalised_email('email') }}) = max({{ normalised_email('email') }})

),

read_cells as (

    select
        read_times.*,
        lower(trim(read_times.bounce_type)) as bounce_name,
        coalesce({{ normalised_email('read_times.email') }}, subscribers.email) as recipient_email,
        coalesce({{ json_value('read_times.campaign_object', 'id') }}, nullif(read_times.row_campaign_id, ''))
            as campaign,
        {{ utc_timestamp('read_times.time_text') }} as event_time,
        -- A bounce has a type; of the tables' rows a click has a link, a view has none.
        case
            when read_times.bounce_type is not null then 'bounce'
            when coalesce(nullif(read_times.link_id, ''), nullif(read_times.row_url, '')) is not null then 'link_click'
            else 'campaign_view'
        end as kind
    from read_times
    left join subscribers
        on read_times.subscriber_id = subscribers.subscriber_id and nullif(trim(read_times.email), '') is null

),

final as (

    select
        -- keys
        export_id,
        position,
        1 as part,
        'listmonk' as esp,
        -- Bounces, views and clicks are numbered each for itself.
        kind || ':' || nullif(id, '') as source_event_id,
        case when nullif(id, '') is null then {{ composite_id([
            'kind', 'campaign', 'subscriber_id', 'subscriber_uuid', 'recipient_email', 'link_id', 'row_url',
            moment('event_time', 'time_text')
        ]) }} end as composite_id,
        -- A campaign goes to a subscriber once.
        'campaign:' || campaign as esp_message_id,
        cast(null as varchar) as smtp_message_id,

        -- recipient
        recipient_email,

        -- attributes
        case when kind = 'bounce' then 'bounces_page' else 'table_rows' end as source_format,
        case when kind = 'bounce' then 'bounce:' || bounce_type else kind end as raw_event_type,
        case
            when kind = 'campaign_view' then 'opened'
            when kind = 'link_click' then 'clicked'
            when bounce_name = 'complaint' then 'complained'
            when bounce_name in ('hard', 'soft') then 'bounced'
            else 'other'
        end as event_type,
        case
            when kind != 'bounce' then null
            when bounce_name = 'complaint' then 'fbl'
            when bounce_name in ('hard', 'soft') then bounce_name
        end as event_subtype,
        campaign as campaign_id,
        coalesce({{ json_value('campaign_object', 'name') }}, {{ filled('row_campaign_name') }}) as campaign_name,
        cast(null as varchar) as experiment,
        cast(null as varchar) as variant,
        cast(null as varchar) as message_stream,
        cast(null as varchar) as tags,
        cast(null as varchar) as custom_arguments,
        nullif(row_url, '') as url,
        cast(null as integer) as link_position,
        cast(null as varchar) as user_agent,
        cast(null as varchar) as ip,
        cast(null as varchar) as device_type,
        cast(null as varchar) as email_client,
        cast(null as varchar) as proxy,
        cast(null as boolean) as is_machine,
        'none' as machine_basis,
        case when kind = 'bounce' then {{ filled('bounce_source') }} end as reason,

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
