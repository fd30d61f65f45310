{%- set fields = {
    'event': ['event'],
    'email': ['email'],
    'message_id': ['message-id'],
    'ts_event': ['ts_event'],
    'ts_epoch': ['ts_epoch'],
    'ts': ['ts'],
    'ts_sent': ['ts_sent'],
    'local_date': ['date'],
    'local_date_event': ['date_event'],
    'local_date_sent': ['date_sent'],
    'camp_id': ['camp_id'],
    'campaign_name_of_docs': ['campaign name'],
    'marketing_campaign_name': ['campaign_name'],
    'tag': ['tag'],
    'tag_list': ['tags'],
    'link': ['link'],
    'marketing_url': ['URL'],
    'reason': ['reason'],
    'user_agent': ['user_agent'],
    'device_used': ['device_used'],
    'custom': ['X-Mailin-custom'],
} -%}
{#- The header X-Mailin-custom is the sender's own: JSON, or `key:value` pairs between bars. -#}
{%- set arguments = {
    'argument_campaign_id': ['campaign_id'],
    'argument_campaign_name': ['campaign_name'],
    'argument_experiment': ['experiment'],
    'argument_variant': ['variant'],
} -%}
with

records as (

    {{ published_records('brevo', fields) }}

),

-- Whoever is added to a list at once is named at once.
addressed as (

    select
        *,
        {{ json_list_rows('email', "nullif(email, '[]')", 'address', 'part') }}
    from records

),

read_cells as (

    select
        *,
        {{ json_struct(json_or_null('custom', '{'), arguments) }} as arguments,
        nullif(trim(event), '') as raw_event_type,
        replace(lower(trim(event)), '_', '') as event_name,
        nullif(camp_id, '') is not null as is_marketing,
        {{ bare_message_id('message_id') }} as bare_message_id,
        {{ normalised_email('address') }} as recipient_email,
        coalesce(nullif(link, ''), nullif(marketing_url, '')) as clicked_url
    from addressed

),

read_arguments as (

    select
        *,
        {{ json_columns('arguments', arguments) }}
    from read_cells

),

-- Of the times, `ts_event` and `ts_epoch` are the event's. A date is on the account's clock, and in marketing events so
-- is `ts`: seconds since 1970 on that clock.
chosen_times as (

    select
        *,
        -- The first open comes as an event of its own beside the open: of one moment, both are one event.
        case event_name
            when 'uniqueopened' then 'opened'
            when 'uniqueproxyopen' then 'proxyopen'
            else event_name
        end as event_family,
        coalesce(
            nullif(ts_event, ''),
            nullif(ts_epoch, ''),
            case when not is_marketing then nullif(ts, '') end,
            nullif(local_date_event, ''),
            nullif(local_date, '')
        ) as dated_text,
        coalesce(nullif(ts_sent, ''), nullif(local_date_sent, '')) as sent_text
    from read_arguments

),

read_times as (

    select
        *,
        coalesce(dated_text, nullif(ts, '')) as time_text,
        case
            when dated_text is null then {{ local_to_utc(utc_timestamp('ts'), account_time_zone('brevo')) }}
            else {{ utc_timestamp('dated_text', account_time_zone('brevo')) }}
        end as event_time,
        {{ utc_timestamp('sent_text', account_time_zone('brevo')) }} as send_time
    from chosen_times

),

final as (

    select
        -- keys
        export_id,
        position,
        part,
        'brevo' as esp,
        -- The field `id` names the webhook.
        cast(null as varchar) as source_event_id,
        {{ composite_id([
            'coalesce(bare_message_id, camp_id)', 'event_family', moment('event_time', 'time_text'),
            'recipient_email', 'clicked_url'
        ]) }} as composite_id,
        bare_message_id as esp_message_id,
        bare_message_id as smtp_message_id,

        -- recipient
        recipient_email,

        -- attributes
        case when is_marketing then 'marketing_webhook_json' else 'webhook_json' end as source_format,
        raw_event_type,
        case event_family
            when 'request' then 'sent'
            when 'sent' then 'sent'
            when 'delivered' then 'delivered'
            when 'deferred' then 'deferred'
            when 'softbounce' then 'bounced'
            when 'hardbounce' then 'bounced'
            when 'invalidemail' then 'bounced'
            when 'blocked' then 'dropped'
            when 'error' then 'failed'
            when 'spam' then 'complained'
            when 'complaint' then 'complained'
            when 'opened' then 'opened'
            when 'proxyopen' then 'opened'
            when 'click' then 'clicked'
            when 'unsubscribed' then 'unsubscribed'
            when 'unsubscribe' then 'unsubscribed'
            when 'listaddition' then 'resubscribed'
            else 'other'
        end as event_type,
        case event_family
            when 'deferred' then 'delayed'
            when 'softbounce' then 'soft'
            when 'hardbounce' then 'hard'
            when 'invalidemail' then 'hard'
            when 'blocked'
                then
                    case
                        when lower(reason) like '%unsubscribed%' then 'unsubscribed'
                        when lower(reason) like '%bounce%' then 'bounced_address'
                        when lower(reason) like '%complain%' or lower(reason) like '%spam%' then 'spam_reporting'
                        else 'policy'
                    end
            when 'spam' then 'fbl'
            when 'complaint' then 'fbl'
            when 'unsubscribed' then 'global'
            when 'unsubscribe' then 'global'
            when 'listaddition' then 'list'
        end as event_subtype,
        coalesce(
            nullif(camp_id, ''),
            nullif(argument_campaign_id, ''),
            {{ paired_value('custom', 'campaign_id') }}
        ) as campaign_id,
        coalesce(
            nullif(marketing_campaign_name, ''),
            nullif(campaign_name_of_docs, ''),
            nullif(argument_campaign_name, ''),
            {{ paired_value('custom', 'campaign_name') }}
        ) as campaign_name,
        coalesce(nullif(argument_experiment, ''), {{ paired_value('custom', 'experiment') }}) as experiment,
        coalesce(nullif(argument_variant, ''), {{ paired_value('custom', 'variant') }}) as variant,
        cast(null as varchar) as message_stream,
        {{ tags_array("coalesce(nullif(nullif(tag_list, '[]'), ''), tag)") }} as tags,
        {{ json_object_of({'X-Mailin-custom': 'custom'}) }} as custom_arguments,
        clicked_url as url,
        cast(null as integer) as link_position,
        nullif(user_agent, '') as user_agent,
        cast(null as varchar) as ip,
        {{ device_type('device_used') }} as device_type,
        cast(null as varchar) as email_client,
        cast(null as varchar) as proxy,
        case when event_family = 'proxyopen' then true end as is_machine,
        case when event_family = 'proxyopen' then 'event_type' else 'none' end as machine_basis,
        case when event_family not in ('request', 'sent', 'delivered') then nullif(reason, '') end as reason,

        -- measures
        cast(null as double) as read_seconds,
        cast(null as varchar) as order_id,
        cast(null as decimal(18, 4)) as revenue,
        cast(null as varchar) as currency,

        -- times
        {{ plausible_time('event_time') }} as occurred_at,
        {{ plausible_send_time('send_time') }} as sent_at,
        case
            when dated_text is null and event_time is not null then 'account_time_zone'
            else {{ time_basis('time_text', 'event_time', local_basis='account_time_zone') }}
        end as time_basis,

        -- payload
        record
    from read_times

)

select * from final
