{%- set fields = {
    'topic': ['envelope', 'topic'],
    'data_id': ['data', 'id'],
    'data_uuid': ['data', 'attributes', 'uuid'],
    'data_datetime': ['data', 'attributes', 'datetime'],
    'data_timestamp': ['data', 'attributes', 'timestamp'],
    'data_properties': ['data', 'attributes', 'event_properties'],
    'metric_id': ['data', 'relationships', 'metric', 'data', 'id'],
    'metric_name': ['included', 'metric', 'attributes', 'name'],
    'profile_email': ['included', 'profile', 'attributes', 'email'],
    'legacy_object': ['object'],
    'legacy_id': ['id'],
    'legacy_uuid': ['uuid'],
    'legacy_event_name': ['event_name'],
    'legacy_statistic_id': ['statistic_id'],
    'legacy_datetime': ['datetime'],
    'legacy_timestamp': ['timestamp'],
    'legacy_properties': ['event_properties'],
    'legacy_campaign_id': ['campaign_id'],
    'person_dollar_email': ['person', '$email'],
    'person_email': ['person', 'email'],
    'profile_id': ['data', 'relationships', 'profile', 'data', 'id'],
    'person_id': ['person', 'id'],
} -%}
{%- set names = [
    'metric_id', 'metric_name', 'legacy_statistic_id', 'legacy_event_name', 'profile_id', 'person_id', 'profile_email',
    'person_dollar_email', 'person_email'
] -%}
{%- set name_fields = {} -%}
{%- for name in names -%}
    {%- do name_fields.update({name: fields[name]}) -%}
{%- endfor -%}
{#- The same properties in every shape, most with a space or a $ in their names. -#}
{%- set properties = {
    'event_number': ['$event_id'],
    'message_id': ['$message'],
    'variation': ['$variation'],
    'send_cohort': ['$_cohort$message_send_cohort'],
    'campaign_name_text': ['Campaign Name'],
    'experiment_text': ['experiment'],
    'variant_text': ['variant'],
    'recipient_address': ['Recipient Email Address'],
    'url_text': ['URL'],
    'client_type': ['Client Type'],
    'client_name': ['Client Name'],
    'user_agent_text': ['$internal', 'User Agent'],
    'machine_open': ['machine_open'],
    'apple_privacy_open': ['Apple Privacy Open'],
    'bot_click': ['Bot Click'],
    'bounce_type_text': ['Bounce Type'],
    'bounce_reason': ['Bounce Reason'],
    'value_text': ['$value'],
    'value_currency': ['$value_currency'],
    'currency_code': ['$currency_code'],
    'shop_order_id': ['OrderId'],
} -%}
with

records as (

    {{ published_records('klaviyo', fields) }}

),

namings as (

    {{ published_records('klaviyo', name_fields) }}

),

-- A page that was fetched without its parts, and a webhook's payload, give ids of metric and profile alone. What they
-- are called stands in other records.
metrics as (

    select
        coalesce(metric_id, legacy_statistic_id) as metric_id,
        min(coalesce({{ filled('metric_name') }}, {{ filled('legacy_event_name') }})) as metric_name
    from namings
    where coalesce({{ filled('metric_name') }}, {{ filled('legacy_event_name') }}) is not null
    group by coalesce(metric_id, legacy_statistic_id)

),

named_profiles as (

    select
        coalesce(profile_id, person_id) as profile_id,
        coalesce(
            {{ normalised_email('profile_email') }},
            {{ normalised_email('person_dollar_email') }},
            {{ normalised_email('person_email') }}
        ) as email
    from namings

),

-- Where a profile changed its address, which one an event belongs to is not known.
profiles as (

    select
        profile_id,
        min(email) as email
    from named_profiles
    where email is not null
    group by profile_id
    having min(email) = max(email)

),

read_cells as (

    select
        records.*,
        {{ json_struct(
            "coalesce("
            ~ json_or_null('records.data_properties', '{') ~ ", "
            ~ json_or_null('records.legacy_properties', '{') ~ ")",
            properties
        ) }} as properties,
        coalesce(
            nullif(records.data_id, ''),
            nullif(records.data_uuid, ''),
            nullif(records.legacy_id, ''),
            nullif(records.legacy_uuid, '')
        ) as source_event_id,
        coalesce(
            {{ filled('records.metric_name') }},
            {{ filled('records.legacy_event_name') }},
            {{ filled('records.topic') }},
            metrics.metric_name,
            {{ filled('records.metric_id') }},
            {{ filled('records.legacy_statistic_id') }}
        ) as raw_event_type,
        profiles.email as known_email,
        coalesce(
            records.data_datetime, records.data_timestamp, records.legacy_datetime, records.legacy_timestamp
        ) as time_text
    from records
    left join metrics
        on coalesce(records.metric_id, records.legacy_statistic_id) = metrics.metric_id
    left join profiles
        on coalesce(records.profile_id, records.person_id) = profiles.profile_id

),

named as (

    select
        *,
        -- A webhook's topic says in other words what the metric's name says: `event:klaviyo.email_delivered`.
        replace(
            {{ regexp_replace_all('lower(trim(raw_event_type))', "'^event:[[:space:]]*(klaviyo[.])?'", "''") }},
            '_',
            ' '
        ) as event_name,
        {{ utc_timestamp('time_text') }} as event_time
    from read_cells

),

laid_out as (

    select
        *,
        {{ json_columns('properties', properties) }}
    from named

),

judged as (

    select
        *,
        case
            when event_name in ('opened email', 'email opened')
                then {{ any_flag(['machine_open', 'apple_privacy_open']) }}
            when event_name in ('clicked email', 'email clicked') then try_cast(bot_click as boolean)
        end as is_machine,
        {{ utc_timestamp("split_part(send_cohort, ':', 1)") }} as send_time
    from laid_out

),

final as (

    select
        -- keys
        export_id,
        position,
        1 as part,
        'klaviyo' as esp,
        source_event_id,
        case when source_event_id is null then {{ composite_id([
            'event_name', 'event_number', moment('event_time', 'time_text'), 'profile_id', 'profile_email',
            'recipient_address', 'url_text'
        ]) }} end as composite_id,
        nullif(message_id, '') as esp_message_id,
        cast(null as varchar) as smtp_message_id,

        -- recipient
        coalesce(
            {{ normalised_email('profile_email') }},
            {{ normalised_email('recipient_address') }},
            {{ normalised_email('person_dollar_email') }},
            {{ normalised_email('person_email') }},
            known_email
        ) as recipient_email,

        -- attributes
        case
            when topic is not null then 'webhook_json'
            when legacy_object is not null then 'v1_json'
            else 'events_api'
        end as source_format,
        raw_event_type,
        case event_name
            when 'received email' then 'delivered'
            when 'email delivered' then 'delivered'
            when 'opened email' then 'opened'
            when 'email opened' then 'opened'
            when 'clicked email' then 'clicked'
            when 'email clicked' then 'clicked'
            when 'bounced email' then 'bounced'
            when 'email bounced' then 'bounced'
            when 'dropped email' then 'dropped'
            when 'email dropped' then 'dropped'
            when 'marked email as spam' then 'complained'
            when 'email marked as spam' then 'complained'
            when 'unsubscribed' then 'unsubscribed'
            when 'unsubscribed from list' then 'unsubscribed'
            when 'unsubscribed from email' then 'unsubscribed'
            when 'unsubscribed from email marketing' then 'unsubscribed'
            when 'email unsubscribed' then 'unsubscribed'
            when 'subscribed to list' then 'resubscribed'
            when 'subscribed to email' then 'resubscribed'
            when 'subscribed to email marketing' then 'resubscribed'
            when 'email subscribed' then 'resubscribed'
            when 'placed order' then 'purchased'
            when 'ordered product' then 'purchased'
            when 'checkout started' then 'converted'
            when 'started checkout' then 'converted'
            else 'other'
        end as event_type,
        case
            when event_name in ('bounced email', 'email bounced') and lower(bounce_type_text) in ('hard', 'soft')
                then lower(bounce_type_text)
            when event_name in ('bounced email', 'email bounced') then 'undetermined'
            when event_name in ('marked email as spam', 'email marked as spam') then 'fbl'
            when event_name in ('unsubscribed from list', 'subscribed to list') then 'list'
            when event_name like '%subscribed%' then 'global'
            when event_name in ('placed order', 'ordered product') then replace(event_name, ' ', '_')
            when event_name in ('checkout started', 'started checkout') then 'checkout_started'
        end as event_subtype,
        coalesce(nullif(legacy_campaign_id, ''), nullif(message_id, '')) as campaign_id,
        {{ filled('campaign_name_text') }} as campaign_name,
        {{ filled('experiment_text') }} as experiment,
        coalesce({{ filled('variation') }}, {{ filled('variant_text') }}) as variant,
        cast(null as varchar) as message_stream,
        cast(null as varchar) as tags,
        cast(null as varchar) as custom_arguments,
        nullif(url_text, '') as url,
        cast(null as integer) as link_position,
        nullif(user_agent_text, '') as user_agent,
        cast(null as varchar) as ip,
        {{ device_type('client_type') }} as device_type,
        {{ filled('client_name') }} as email_client,
        case when try_cast(apple_privacy_open as boolean) then 'apple' end as proxy,
        is_machine,
        case
            when is_machine is null then 'none'
            when event_name in ('clicked email', 'email clicked') then 'esp_flag:Bot Click'
            when try_cast(machine_open as boolean) is null then 'esp_flag:Apple Privacy Open'
            else 'esp_flag:machine_open'
        end as machine_basis,
        coalesce({{ filled('bounce_reason') }}, {{ filled('bounce_type_text') }}) as reason,

        -- measures
        cast(null as double) as read_seconds,
        -- Of the lines of an order only the order itself counts as money, or each line would count twice.
        case
            when event_name = 'placed order' then coalesce({{ filled('shop_order_id') }}, nullif(event_number, ''))
        end as order_id,
        case when event_name = 'placed order' then {{ amount('value_text') }} end as revenue,
        case
            when event_name = 'placed order'
                then upper(coalesce({{ filled('value_currency') }}, {{ filled('currency_code') }}))
        end as currency,

        -- times
        {{ plausible_time('event_time') }} as occurred_at,
        {{ plausible_send_time('send_time') }} as sent_at,
        {{ time_basis('time_text', 'event_time') }} as time_basis,

        -- payload
        record
    from judged

)

select * from final
