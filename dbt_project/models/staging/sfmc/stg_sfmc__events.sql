{%- set fields = {
    'client_id': ['ClientID'],
    'send_id': ['SendID'],
    'subscriber_key': ['SubscriberKey'],
    'email_address': ['EmailAddress'],
    'list_id': ['ListID'],
    'event_date': ['EventDate'],
    'event_type_text': ['EventType'],
    'batch_id': ['BatchID'],
    'triggered_send': ['TriggeredSendExternalKey'],
    'url_id': ['URLID'],
    'url_text': ['URL'],
    'bounce_category': ['BounceCategory'],
    'bounce_subcategory': ['BounceSubcategory'],
    'bounce_reason': ['BounceReason'],
    'smtp_reason': ['SMTPBounceReason'],
    'unsub_reason': ['UnsubReason'],
    'not_sent_reason': ['Reason'],
    'ip_address': ['IpAddress'],
    'email_client_text': ['EmailClient'],
    'device_text': ['Device'],
    'campaign_id_text': ['CampaignID'],
    'email_name': ['EmailName'],
    'sent_time': ['SentTime'],
} -%}
{%- set job_fields = {
    'client_id': ['ClientID'],
    'send_id': ['SendID'],
    'email_name': ['EmailName'],
    'triggered_send': ['TriggeredSendExternalKey'],
    'sent_time': ['SentTime'],
} -%}
{#- Marketing Cloud writes Central Standard Time all the year, without a zone and without summer time. -#}
{%- set zone = 'Etc/GMT+6' -%}
{%- set formats = ['%m/%d/%Y %I:%M:%S %p', '%m/%d/%Y %I:%M %p', '%m/%d/%Y %H:%M:%S', '%m/%d/%Y %H:%M', '%m/%d/%Y'] -%}
{%- set file_kind = "'(?i)(sendjob|notsent|sent|open|click|bounce|unsub|complaint|conversion)[^/]*$'" -%}
with

records as (

    {{ published_records('sfmc', fields, of_export=['file_name']) }}

),

-- What a send was called and when it went out stands in a file of its own. A triggered send goes on and on.
send_jobs as (

    select
        client_id,
        send_id,
        max(nullif(email_name, '')) as email_name,
        max(case when coalesce(triggered_send, '') = '' then {{ utc_timestamp('sent_time', zone, formats) }} end)
            as send_time
    from (
        {{ published_records('sfmc', job_fields) }}
    ) as all_records
    where record like '%"EmailName"%' or record like '%"SentTime"%'
    group by client_id, send_id

),

read_cells as (

    select
        records.*,
        send_jobs.email_name as name_of_send,
        send_jobs.send_time,
        -- The cell says what happened, and where the extract leaves it out the file does: Opens.csv.
        lower(coalesce(
            {{ filled('records.event_type_text') }},
            {{ regexp_group('records.file_name', file_kind, 1) }}
        )) as event_name,
        coalesce(records.send_id, '') = '' or coalesce(records.email_name, records.sent_time) is not null
            as is_dimension,
        lower(trim(records.bounce_category)) as category,
        lower(records.not_sent_reason) as why_not_sent,
        {{ utc_timestamp('records.event_date', zone, formats) }} as event_time,
        coalesce(
            {{ normalised_email('records.email_address') }},
            -- Many accounts use the address for a key.
            case when records.subscriber_key like '%@%' then {{ normalised_email('records.subscriber_key') }} end
        ) as recipient_email
    from records
    left join send_jobs
        on records.client_id = send_jobs.client_id and records.send_id = send_jobs.send_id

),

named as (

    select
        *,
        case
            when is_dimension then 'dimension'
            when event_name in ('sent', 'send') then 'sent'
            when event_name in ('open', 'opens', 'opened') then 'open'
            when event_name in ('click', 'clicks', 'clicked') then 'click'
            when {{ regexp_like('event_name', "'^(hard|soft|block|technical|unknown|other)? ?bounce[sd]?$'") }}
                then 'bounce'
            when event_name in ('unsub', 'unsubs', 'unsubscribe', 'unsubscribes', 'unsubscribed') then 'unsubscribe'
            when event_name in ('conversion', 'conversions') then 'conversion'
            when event_name in ('complaint', 'complaints', 'spamcomplaint', 'spam complaint') then 'complaint'
            when coalesce(event_name, '') not in ('notsent', 'not sent') then event_name
            when why_not_sent like '%unsub%' or why_not_sent like '%opt out%' then 'notsent:unsubscribed'
            when why_not_sent like '%held%' then 'notsent:bounced'
            when why_not_sent like '%exclu%' or why_not_sent like '%detective%' then 'notsent:policy'
            else 'notsent'
        end as kind,
        coalesce(
            {{ regexp_group('category', "'^(hard|soft|block|technical)'", 1) }},
            {{ regexp_group('event_name', "'^(hard|soft|block|technical) ?bounce$'", 1) }},
            ''
        ) as bounce_name
    from read_cells

),

identified as (

    select
        *,
        {{ composite_id([
            'client_id', 'send_id', "coalesce(nullif(subscriber_key, ''), recipient_email)",
            moment('event_time', 'event_date'), 'batch_id', 'kind', 'url_id', 'url_text', 'list_id'
        ]) }} as composite_id
    from named

),

final as (

    select
        -- keys
        export_id,
        position,
        1 as part,
        'sfmc' as esp,
        cast(null as varchar) as source_event_id,
        composite_id,
        -- Triggered sends share a SendID and differ by batch.
        nullif(send_id, '') || coalesce('-' || nullif(batch_id, ''), '') as esp_message_id,
        cast(null as varchar) as smtp_message_id,

        -- recipient
        recipient_email,

        -- attributes
        'tracking_extract' as source_format,
        coalesce({{ filled('event_type_text') }}, event_name) as raw_event_type,
        case kind
            when 'dimension' then 'control'
            when 'sent' then 'sent'
            when 'open' then 'opened'
            when 'click' then 'clicked'
            when 'bounce' then 'bounced'
            when 'unsubscribe' then 'unsubscribed'
            when 'complaint' then 'complained'
            when 'notsent' then 'dropped'
            when 'notsent:unsubscribed' then 'dropped'
            when 'notsent:bounced' then 'dropped'
            when 'notsent:policy' then 'dropped'
            when 'conversion' then 'converted'
            else 'other'
        end as event_type,
        case case when kind = 'bounce' then 'bounce:' || bounce_name else kind end
            when 'dimension' then 'dimension'
            when 'bounce:hard' then 'hard'
            when 'bounce:soft' then 'soft'
            when 'bounce:technical' then 'soft'
            when 'bounce:block' then 'block'
            when 'bounce:' then 'undetermined'
            when 'unsubscribe' then 'list'
            when 'complaint' then 'fbl'
            when 'notsent' then 'skip'
            when 'notsent:unsubscribed' then 'unsubscribed'
            when 'notsent:bounced' then 'bounced_address'
            when 'notsent:policy' then 'policy'
            when 'conversion' then 'campaign'
        end as event_subtype,
        coalesce({{ filled('campaign_id_text') }}, {{ filled('triggered_send') }}, nullif(send_id, '')) as campaign_id,
        {{ filled('name_of_send') }} as campaign_name,
        cast(null as varchar) as experiment,
        cast(null as varchar) as variant,
        cast(null as varchar) as message_stream,
        cast(null as varchar) as tags,
        cast(null as varchar) as custom_arguments,
        case when kind in ('click', 'conversion') then nullif(url_text, '') end as url,
        cast(null as integer) as link_position,
        cast(null as varchar) as user_agent,
        case when kind in ('open', 'click') then {{ filled('ip_address') }} end as ip,
        {{ device_type('device_text') }} as device_type,
        {{ filled('email_client_text') }} as email_client,
        cast(null as varchar) as proxy,
        cast(null as boolean) as is_machine,
        'none' as machine_basis,
        coalesce(
            {{ filled('bounce_reason') }},
            {{ filled('smtp_reason') }},
            {{ filled('bounce_subcategory') }},
            {{ filled('unsub_reason') }},
            {{ filled('not_sent_reason') }}
        ) as reason,

        -- measures
        cast(null as double) as read_seconds,
        cast(null as varchar) as order_id,
        cast(null as decimal(18, 4)) as revenue,
        cast(null as varchar) as currency,

        -- times
        {{ plausible_time('event_time') }} as occurred_at,
        {{ plausible_send_time('send_time') }} as sent_at,
        {{ time_basis('event_date', 'event_time', local_basis='fixed_offset') }} as time_basis,

        -- payload: what is no part of an event's identity may stand in one extract and not in the next
        {{ json_array_of_one('composite_id') }} as record
    from identified

)

select * from final
