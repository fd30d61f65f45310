{#- A webhook nests an event's fields, an export lays them flat: each is asked for in both places. -#}
{%- set names = {
    'created_at': 'createdAt',
    'message_id': 'messageId',
    'message_bus_id': 'messageBusId',
    'campaign_id_text': 'campaignId',
    'campaign_name_text': 'campaignName',
    'experiment_id': 'experimentId',
    'channel_id': 'channelId',
    'labels': 'labels',
    'url_text': 'url',
    'link_url': 'linkUrl',
    'link_id': 'linkId',
    'href_index': 'hrefIndex',
    'user_agent_text': 'userAgent',
    'user_agent_device': 'userAgentDevice',
    'device': 'device',
    'ip_text': 'ip',
    'proxy_source': 'proxySource',
    'is_bot': 'isBot',
    'recipient_state': 'recipientState',
    'bounce_message': 'bounceMessage',
    'skip_reason': 'reason',
    'email_list_ids': 'emailListIds',
    'channel_ids': 'channelIds',
    'message_type_ids': 'messageTypeIds',
    'total': 'total',
    'currency_text': 'currency',
    'purchase_id': 'purchaseId',
    'shop_order_id': 'orderId',
} -%}
{%- set fields = {
    'event_name_text': ['eventName'],
    'event_title': ['eventTitle'],
    'export_type': ['_type'],
    'email': ['email'],
    'nested_email': ['dataFields', 'email'],
    'nested_argument_campaign_id': ['dataFields', 'transactionalData', 'campaign_id'],
    'nested_argument_experiment': ['dataFields', 'transactionalData', 'experiment'],
    'nested_argument_variant': ['dataFields', 'transactionalData', 'variant'],
    'flat_argument_campaign_id': ['transactionalData.campaign_id'],
    'flat_argument_experiment': ['transactionalData.experiment'],
    'flat_argument_variant': ['transactionalData.variant'],
} -%}
{%- for column, name in names.items() -%}
    {%- do fields.update({'nested_' ~ column: ['dataFields', name], 'flat_' ~ column: [name]}) -%}
{%- endfor -%}
{%- set columns = (names.keys() | list) + ['argument_campaign_id', 'argument_experiment', 'argument_variant'] -%}
{#- An export holds events of one type, and may tell it in its file's name alone. -#}
{%- set mails = 'email(?:send(?:skip)?|open|click|bounce|complaint|(?:un)?subscribe)' -%}
{%- set type_in_a_name = "'(?i)(?:^|[^a-z])(" ~ mails ~ "|hostedunsubscribeclick|purchase)(?:[^a-z]|$)'" -%}
with

records as (

    {{ published_records('iterable', fields, of_export=['file_name']) }}

),

read_cells as (

    select
        export_id,
        position,
        record,
        {{ nested_or_flat(columns) }},
        nested_created_at is not null as is_webhook,
        coalesce(
            nullif(trim(event_name_text), ''),
            nullif(trim(event_title), ''),
            nullif(trim(export_type), ''),
            case when nested_created_at is null then {{ regexp_group('file_name', type_in_a_name, 1) }} end
        ) as raw_event_type,
        {{ normalised_email("coalesce(nullif(email, ''), nested_email)") }} as recipient_email
    from records

),

read_times as (

    select
        *,
        lower(raw_event_type) as event_name,
        coalesce(url_text, link_url) as clicked_url,
        {{ utc_timestamp('created_at') }} as event_time
    from read_cells

),

compared as (

    select
        *,
        -- The time as it was read: a webhook and an export write it differently.
        {{ composite_id([
            'recipient_email', 'event_name', 'message_id', moment('event_time', 'created_at'),
            'coalesce(clicked_url, link_id)', 'ip_text'
        ]) }} as said
    from read_times

),

-- Older exports lack the bus id, which tells apart what is the same otherwise: alone it makes no event of its own.
told_apart as (

    select
        *,
        min(message_bus_id) over (partition by said) as least_bus_id,
        max(message_bus_id) over (partition by said) as greatest_bus_id
    from compared

),

final as (

    select
        -- keys
        export_id,
        position,
        1 as part,
        'iterable' as esp,
        cast(null as varchar) as source_event_id,
        {{ composite_id([
            'said', 'case when least_bus_id != greatest_bus_id then coalesce(message_bus_id, least_bus_id) end'
        ]) }} as composite_id,
        message_id as esp_message_id,
        cast(null as varchar) as smtp_message_id,

        -- recipient
        recipient_email,

        -- attributes
        case when is_webhook then 'webhook_json' else 'export' end as source_format,
        raw_event_type,
        case event_name
            when 'emailsend' then 'sent'
            when 'emailsendskip' then 'dropped'
            when 'emailbounce' then 'bounced'
            when 'emailcomplaint' then 'complained'
            when 'emailopen' then 'opened'
            when 'emailclick' then 'clicked'
            when 'hostedunsubscribeclick' then 'clicked'
            when 'emailunsubscribe' then 'unsubscribed'
            when 'emailsubscribe' then 'resubscribed'
            when 'purchase' then 'purchased'
            else 'other'
        end as event_type,
        case
            when event_name = 'emailsendskip' then 'skip'
            when event_name = 'emailbounce'
                then
                    case lower(recipient_state)
                        when 'hardbounce' then 'hard'
                        when 'softbounce' then 'soft'
                        else 'undetermined'
                    end
            when event_name = 'emailcomplaint' then 'fbl'
            when event_name = 'hostedunsubscribeclick' then 'unsubscribe_link'
            when event_name = 'purchase' then 'placed_order'
            when event_name in ('emailunsubscribe', 'emailsubscribe')
                then
                    case
                        when email_list_ids != '[]' then 'list'
                        when channel_ids != '[]' or message_type_ids != '[]' then 'group'
                        else 'global'
                    end
        end as event_subtype,
        coalesce(campaign_id_text, argument_campaign_id) as campaign_id,
        campaign_name_text as campaign_name,
        argument_experiment as experiment,
        coalesce(experiment_id, argument_variant) as variant,
        channel_id as message_stream,
        {{ tags_array('labels') }} as tags,
        cast(null as varchar) as custom_arguments,
        clicked_url as url,
        try_cast(href_index as integer) as link_position,
        user_agent_text as user_agent,
        ip_text as ip,
        {{ device_type("coalesce(nullif(user_agent_device, ''), device)") }} as device_type,
        cast(null as varchar) as email_client,
        lower(proxy_source) as proxy,
        try_cast(is_bot as boolean) as is_machine,
        case when try_cast(is_bot as boolean) is null then 'none' else 'esp_flag:isBot' end as machine_basis,
        coalesce(bounce_message, skip_reason) as reason,

        -- measures
        cast(null as double) as read_seconds,
        case when event_name = 'purchase' then coalesce(shop_order_id, purchase_id) end as order_id,
        case when event_name = 'purchase' then {{ amount('total') }} end as revenue,
        case when event_name = 'purchase' then currency_text end as currency,

        -- times
        {{ plausible_time('event_time') }} as occurred_at,
        cast(null as timestamp) as sent_at,
        {{ time_basis('created_at', 'event_time') }} as time_basis,

        -- payload
        record
    from told_apart

)

select * from final
