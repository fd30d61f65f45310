{%- set wrapping = {
    'message_event': ['msys', 'message_event'],
    'track_event': ['msys', 'track_event'],
    'gen_event': ['msys', 'gen_event'],
    'unsubscribe_event': ['msys', 'unsubscribe_event'],
    'relay_event': ['msys', 'relay_event'],
    'ab_test_event': ['msys', 'ab_test_event'],
    'ingest_event': ['msys', 'ingest_event'],
} -%}
{%- set fields = {
    'type': ['type'],
    'event_id': ['event_id'],
    'message_id': ['message_id'],
    'rcpt_to': ['rcpt_to'],
    'raw_rcpt_to': ['raw_rcpt_to'],
    'time_text': ['timestamp'],
    'injection_time': ['injection_time'],
    'campaign': ['campaign_id'],
    'ab_test_id': ['ab_test_id'],
    'ab_test_version': ['ab_test_version'],
    'ip_pool': ['ip_pool'],
    'rcpt_tags': ['rcpt_tags'],
    'meta_campaign_id': ['rcpt_meta', 'campaign_id'],
    'meta_campaign_name': ['rcpt_meta', 'campaign_name'],
    'meta_experiment': ['rcpt_meta', 'experiment'],
    'meta_variant': ['rcpt_meta', 'variant'],
    'bounce_class': ['bounce_class'],
    'raw_reason': ['raw_reason'],
    'short_reason': ['reason'],
    'fbtype': ['fbtype'],
    'target_link_url': ['target_link_url'],
    'ip_address': ['ip_address'],
    'user_agent_text': ['user_agent'],
    'agent_family': ['user_agent_parsed', 'agent_family'],
    'agent_is_mobile': ['user_agent_parsed', 'is_mobile'],
    'agent_is_proxy': ['user_agent_parsed', 'is_proxy'],
    'agent_is_prefetched': ['user_agent_parsed', 'is_prefetched'],
} -%}
with

records as (

    {{ published_records('sparkpost', wrapping) }}

),

-- A webhook wraps the event in its family's name, a result of the Events API is one.
unwrapped as (

    select
        export_id,
        position,
        record,
        {{ json_or_null('coalesce(' ~ wrapping.keys() | join(', ') ~ ')', '{') }} as wrapped
    from records

),

parsed as (

    select
        export_id,
        position,
        record,
        wrapped,
        {{ json_struct('coalesce(wrapped, record)', fields) }} as fields
    from unwrapped

),

read_fields as (

    select
        *,
        {{ json_columns('fields', fields) }}
    from parsed

),

read_cells as (

    select
        *,
        lower(trim(type)) as native_name,
        {{ normalised_email('coalesce(rcpt_to, raw_rcpt_to)') }} as recipient_email,
        nullif(event_id, '') as source_event_id,
        try_cast(agent_is_prefetched as boolean) as is_prefetched,
        {{ utc_timestamp('time_text') }} as event_time,
        {{ utc_timestamp('injection_time') }} as send_time
    from read_fields

),

-- A bounce says in its class what came back: a refusal, an answer of a machine, a wish of the recipient.
named as (

    select
        *,
        case
            -- SparkPost tries an address out with an empty body.
            when native_name is null then 'ping'
            when native_name in ('bounce', 'out_of_band') and bounce_class in ('60', '100') then 'bounce:answer'
            when native_name in ('bounce', 'out_of_band') and bounce_class = '80' then 'bounce:subscribe'
            when native_name in ('bounce', 'out_of_band') and bounce_class = '90' then 'bounce:unsubscribe'
            when native_name != 'bounce' then native_name
            when bounce_class in ('10', '30') then 'bounce:hard'
            when bounce_class in ('20', '21', '22', '23', '24', '40', '70') then 'bounce:soft'
            when bounce_class in ('50', '51', '52', '53', '54') then 'bounce:block'
            when bounce_class = '25' then 'bounce:policy'
            else 'bounce'
        end as event_name
    from read_cells

),

final as (

    select
        -- keys
        export_id,
        position,
        1 as part,
        'sparkpost' as esp,
        source_event_id,
        case when source_event_id is null then {{ composite_id([
            'message_id', 'native_name', moment('event_time', 'time_text'), 'recipient_email',
            'target_link_url', 'ip_address'
        ]) }} end as composite_id,
        nullif(message_id, '') as esp_message_id,
        cast(null as varchar) as smtp_message_id,

        -- recipient
        recipient_email,

        -- attributes
        case when wrapped is null then 'events_api' else 'webhook_json' end as source_format,
        case
            when native_name in ('bounce', 'out_of_band') then type || coalesce(':' || nullif(bounce_class, ''), '')
            else {{ filled('type') }}
        end as raw_event_type,
        case event_name
            when 'injection' then 'sent'
            when 'delivery' then 'delivered'
            when 'delay' then 'deferred'
            when 'bounce' then 'bounced'
            when 'bounce:hard' then 'bounced'
            when 'bounce:soft' then 'bounced'
            when 'bounce:block' then 'bounced'
            when 'bounce:policy' then 'dropped'
            when 'bounce:answer' then 'autoresponded'
            when 'bounce:subscribe' then 'resubscribed'
            when 'bounce:unsubscribe' then 'unsubscribed'
            when 'out_of_band' then 'bounced'
            when 'policy_rejection' then 'dropped'
            when 'generation_rejection' then 'dropped'
            when 'generation_failure' then 'failed'
            when 'open' then 'opened'
            when 'amp_open' then 'opened'
            when 'initial_open' then 'opened'
            when 'amp_initial_open' then 'opened'
            when 'click' then 'clicked'
            when 'amp_click' then 'clicked'
            when 'spam_complaint'
                then case when lower(fbtype) = 'not-spam' then 'complaint_retracted' else 'complained' end
            when 'list_unsubscribe' then 'unsubscribed'
            when 'link_unsubscribe' then 'unsubscribed'
            when 'ping' then 'control'
            else 'other'
        end as event_type,
        case event_name
            when 'delay' then 'delayed'
            when 'bounce' then 'undetermined'
            when 'bounce:hard' then 'hard'
            when 'bounce:soft' then 'soft'
            when 'bounce:block' then 'block'
            when 'bounce:policy' then 'policy'
            when 'bounce:subscribe' then 'list'
            when 'bounce:unsubscribe' then 'list'
            when 'out_of_band' then 'out_of_band'
            when 'policy_rejection' then 'policy'
            when 'generation_rejection' then 'policy'
            when 'generation_failure' then 'generation'
            when 'amp_open' then 'amp'
            when 'initial_open' then 'initial'
            when 'amp_initial_open' then 'initial'
            when 'amp_click' then 'amp'
            when 'spam_complaint' then 'fbl'
            when 'list_unsubscribe' then 'list'
            when 'link_unsubscribe' then 'list'
        end as event_subtype,
        coalesce({{ filled('campaign') }}, {{ filled('meta_campaign_id') }}) as campaign_id,
        coalesce({{ filled('meta_campaign_name') }}, {{ filled('campaign') }}) as campaign_name,
        coalesce(nullif(ab_test_id, ''), {{ filled('meta_experiment') }}) as experiment,
        coalesce(nullif(ab_test_version, ''), {{ filled('meta_variant') }}) as variant,
        nullif(ip_pool, '') as message_stream,
        {{ tags_array('rcpt_tags') }} as tags,
        {{ json_object_at('coalesce(wrapped, record)', ['rcpt_meta']) }} as custom_arguments,
        nullif(target_link_url, '') as url,
        cast(null as integer) as link_position,
        nullif(user_agent_text, '') as user_agent,
        case when event_name like '%open' or event_name like '%click' then nullif(ip_address, '') end as ip,
        case
            when try_cast(agent_is_mobile as boolean) then 'mobile'
            when not try_cast(agent_is_mobile as boolean) then 'desktop'
        end as device_type,
        nullif(agent_family, '') as email_client,
        case when try_cast(agent_is_proxy as boolean) then 'unnamed' end as proxy,
        -- A proxy that fetches the picture when a person looks is no machine; one that fetches it ahead is.
        is_prefetched as is_machine,
        case
            when is_prefetched is null then 'none'
            else 'esp_flag:user_agent_parsed.is_prefetched'
        end as machine_basis,
        coalesce(nullif(raw_reason, ''), nullif(short_reason, '')) as reason,

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
    from named

)

select * from final
