{%- set fields = [
    'type', 'event', 'name', 'messageId', 'timestamp', 'originalTimestamp', 'sentAt', 'receivedAt', 'userId',
    'anonymousId', 'properties',
    {'traits': ['email']},
    {'context': ['userAgent', {'traits': ['email']}, {'campaign': ['id', 'name']}, {'page': ['url']}]},
] -%}
{%- set property_fields = ['email', 'url', 'order_id', 'revenue', 'total', 'currency'] -%}
with

records as (

    {{ published_records('segment') }}

),

parsed as (

    select
        export_id,
        position,
        record,
        {{ json_record('record', fields) }} as call
    from records

),

named as (

    select
        export_id,
        position,
        record,
        call,
        {{ json_record(json_or_null('call.properties', '{'), property_fields) }} as properties,
        lower(trim(call.type)) as call_type,
        {{ filled('call.messageId') }} as source_event_id,
        coalesce(
            {{ filled('call.timestamp') }},
            {{ filled('call.originalTimestamp') }},
            {{ filled('call.sentAt') }},
            {{ filled('call.receivedAt') }}
        ) as time_text
    from parsed

),

timed as (

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
        source_event_id,
        case when source_event_id is null then {{ sha256_hex(normalised_json('record')) }} end as composite_id,

        -- person
        coalesce(
            {{ normalised_email('call.context.traits.email') }},
            {{ normalised_email('properties.email') }},
            {{ normalised_email('call.traits.email') }}
        ) as email,
        {{ filled('call.userId') }} as user_id,
        {{ filled('call.anonymousId') }} as anonymous_id,

        -- attributes
        call_type,
        case coalesce(call_type, 'track')
            when 'track' then {{ filled('call.event') }}
            when 'page' then 'Page Viewed'
        end as event_name,
        coalesce({{ filled('call.context.page.url') }}, {{ filled('properties.url') }}) as page_url,
        {{ filled('call.context.campaign.id') }} as context_campaign_id,
        {{ filled('call.context.campaign.name') }} as context_campaign_name,
        {{ filled('properties.order_id') }} as order_id,
        upper({{ filled('properties.currency') }}) as currency,
        nullif(call.context.userAgent, '') as user_agent,
        {{ json_or_null('call.properties', '{') }} as properties,

        -- measures
        coalesce({{ amount('properties.revenue') }}, {{ amount('properties.total') }}) as amount,

        -- times
        {{ plausible_time('event_time') }} as occurred_at,
        {{ time_basis('time_text', 'event_time', plausible_time('event_time')) }} as time_basis,

        -- payload
        record
    from timed

)

select * from final
