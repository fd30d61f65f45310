{%- set fields = {
    'type': ['type'],
    'event': ['event'],
    'message_id': ['messageId'],
    'timestamp_text': ['timestamp'],
    'original_timestamp': ['originalTimestamp'],
    'sent_at': ['sentAt'],
    'received_at': ['receivedAt'],
    'user_id': ['userId'],
    'anonymous_id': ['anonymousId'],
    'traits_email': ['traits', 'email'],
    'context_email': ['context', 'traits', 'email'],
    'context_page_url': ['context', 'page', 'url'],
    'context_campaign_id': ['context', 'campaign', 'id'],
    'context_campaign_name': ['context', 'campaign', 'name'],
    'context_user_agent': ['context', 'userAgent'],
    'properties_text': ['properties'],
} -%}
{%- set properties = {
    'property_email': ['email'],
    'property_url': ['url'],
    'property_order_id': ['order_id'],
    'property_revenue': ['revenue'],
    'property_total': ['total'],
    'property_currency': ['currency'],
} -%}
with

records as (

    {{ published_records('segment', fields) }}

),

read_cells as (

    select
        *,
        lower({{ filled('type') }}) as call_type,
        {{ filled('message_id') }} as source_event_id,
        {{ json_or_null('properties_text', '{') }} as properties,
        coalesce(
            {{ filled('timestamp_text') }},
            {{ filled('original_timestamp') }},
            {{ filled('sent_at') }},
            {{ filled('received_at') }}
        ) as time_text
    from records

),

read_properties as (

    select
        *,
        {{ json_struct('properties', properties) }} as known_properties,
        {{ utc_timestamp('time_text') }} as event_time
    from read_cells

),

laid_out as (

    select
        *,
        {{ json_columns('known_properties', properties) }},
        {{ canonical_json('case when source_event_id is null then record end') }} as said_without_id
    from read_properties

),

final as (

    select
        -- keys
        export_id,
        position,
        source_event_id,
        {{ sha256_hex('said_without_id') }} as composite_id,

        -- person
        coalesce(
            {{ normalised_email('context_email') }},
            {{ normalised_email('property_email') }},
            {{ normalised_email('traits_email') }}
        ) as email,
        {{ filled('user_id') }} as user_id,
        {{ filled('anonymous_id') }} as anonymous_id,

        -- attributes
        call_type,
        case coalesce(call_type, 'track')
            when 'track' then {{ filled('event') }}
            when 'page' then 'Page Viewed'
        end as event_name,
        coalesce({{ filled('context_page_url') }}, {{ filled('property_url') }}) as page_url,
        {{ filled('context_campaign_id') }} as context_campaign_id,
        {{ filled('context_campaign_name') }} as context_campaign_name,
        {{ filled('property_order_id') }} as order_id,
        upper({{ filled('property_currency') }}) as currency,
        nullif(context_user_agent, '') as user_agent,
        properties,

        -- measures
        coalesce({{ amount('property_revenue') }}, {{ amount('property_total') }}) as amount,

        -- times
        {{ plausible_time('event_time') }} as occurred_at,
        {{ time_basis('time_text', 'event_time') }} as time_basis,

        -- payload
        record
    from laid_out

)

select * from final
