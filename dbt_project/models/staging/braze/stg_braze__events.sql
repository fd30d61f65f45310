{#- Files lay an event's fields flat, the HTTP connector nests them: each is asked for in both places. -#}
{%- set names = {
    'email_address': 'email_address',
    'campaign_id_text': 'campaign_id',
    'campaign_name_text': 'campaign_name',
    'message_variation_id': 'message_variation_id',
    'message_variation_name': 'message_variation_name',
    'canvas_id': 'canvas_id',
    'campaign_api_id': 'campaign_api_id',
    'message_variation_api_id': 'message_variation_api_id',
    'canvas_api_id': 'canvas_api_id',
    'canvas_variation_api_id': 'canvas_variation_api_id',
    'canvas_name': 'canvas_name',
    'canvas_variation_id': 'canvas_variation_id',
    'canvas_variation_name': 'canvas_variation_name',
    'send_id': 'send_id',
    'dispatch_id': 'dispatch_id',
    'message_extras': 'message_extras',
    'url_text': 'url',
    'user_agent_text': 'user_agent',
    'device_class': 'device_class',
    'browser': 'browser',
    'ip_pool': 'ip_pool',
    'is_amp': 'is_amp',
    'machine_open': 'machine_open',
    'is_suspected_bot_click': 'is_suspected_bot_click',
    'bounce_reason': 'bounce_reason',
    'is_drop': 'is_drop',
    'abort_log': 'abort_log',
    'subscription_status': 'subscription_status',
    'channel': 'channel',
    'price': 'price',
    'currency_text': 'currency',
    'custom_event': 'name',
    'custom_properties': 'custom_properties',
    'purchase_properties': 'purchase_properties',
} -%}
{%- set fields = {
    'event_type_text': ['event_type'],
    'avro_record': ['avro_record'],
    'id': ['id'],
    'time_text': ['time'],
    'flat_user_id': ['user_id'],
    'nested_user_id': ['user', 'user_id'],
} -%}
{%- for column, name in names.items() -%}
    {%- do fields.update({'nested_' ~ column: ['properties', name], 'flat_' ~ column: [name]}) -%}
{%- endfor -%}
{%- set columns = (names.keys() | list) + ['user_id'] -%}
{%- set arguments = {
    'argument_campaign_id': ['campaign_id'],
    'argument_experiment': ['experiment'],
    'argument_variant': ['variant'],
} -%}
{#- A shop's whole order is a custom event of Braze's own making. -#}
{%- set order = {
    'shop_order_id': ['order_id'],
    'order_value': ['total_value'],
    'order_currency': ['currency'],
} -%}
{%- set type_in_a_name = "'(?i)((users[._])?(messages|campaigns|canvas|behaviors)([._][a-z]+)+)'" -%}
{%- set file_ending = "'(?i)([._](shared|avro|parquet|json|jsonl|ndjson|gz|zst|zip))+$'" -%}
{#- JSON that Avro tools print wraps a value in its type, {"string":"x"}: it is read like one that is not wrapped. -#}
{%- set document -%}
    case
        when records.record like '%"string"%' then {{ json_without_avro_types('records.record') }} else records.record
    end
{%- endset -%}
{%- set who = {
    'flat_user_id': ['user_id'],
    'nested_user_id': ['user', 'user_id'],
    'flat_email_address': ['email_address'],
    'nested_email_address': ['properties', 'email_address'],
} -%}
with

records as (

    {{ published_records('braze', fields, of_export=['file_name'], document=document) }}

),

namings as (

    {{ published_records('braze', who, document=document) }}

),

-- Purchases and conversions name a user and no address: it is the only one that the user's other events name.
addresses as (

    select
        coalesce(flat_user_id, nested_user_id) as user_id,
        min({{ normalised_email('coalesce(flat_email_address, nested_email_address)') }}) as email
    from namings
    where coalesce(flat_email_address, nested_email_address) is not null
    group by coalesce(flat_user_id, nested_user_id)
    having
        min({{ normalised_email('coalesce(flat_email_address, nested_email_address)') }})
        = max({{ normalised_email('coalesce(flat_email_address, nested_email_address)') }})

),

read_cells as (

    select
        export_id,
        position,
        record,
        nullif(id, '') as source_event_id,
        time_text,
        nested_user_id is not null as is_http,
        {{ nested_or_flat(columns) }},
        -- A file of Currents holds events of one type, which its schema or its name tells.
        coalesce(
            nullif(trim(event_type_text), ''),
            {{ regexp_replace_all(
                regexp_group("concat_ws('/', avro_record, file_name)", type_in_a_name, 1), file_ending, "''"
            ) }}
        ) as raw_event_type
    from records

),

read_times as (

    select
        *,
        {{ json_struct(json_or_null('message_extras', '{'), arguments) }} as arguments,
        {{ json_struct(
            json_or_null("coalesce(nullif(purchase_properties, '{}'), custom_properties)", '{'), order
        ) }} as shop_order,
        -- What happens on another channel is no e-mail event.
        case
            when coalesce(lower(channel), 'email') = 'email'
                then
                    replace(replace(lower(raw_event_type), '_', '.'), 'users.', '')
                    || case when lower(custom_event) = 'ecommerce.order_placed' then '.orderplaced' else '' end
        end as event_name,
        {{ normalised_email('email_address') }} as named_email,
        {{ utc_timestamp('time_text') }} as event_time
    from read_cells

),

laid_out as (

    select
        *,
        {{ json_columns('arguments', arguments) }},
        {{ json_columns('shop_order', order) }}
    from read_times

),

placed_orders as (

    select distinct shop_order_id
    from laid_out
    where event_name = 'behaviors.customevent.orderplaced'

),

final as (

    select
        -- keys
        laid_out.export_id,
        laid_out.position,
        1 as part,
        'braze' as esp,
        laid_out.source_event_id,
        case when laid_out.source_event_id is null then {{ composite_id([
            'laid_out.event_name', 'laid_out.user_id', 'laid_out.named_email',
            moment('laid_out.event_time', 'laid_out.time_text'), 'laid_out.dispatch_id', 'laid_out.url_text'
        ]) }} end as composite_id,
        coalesce(laid_out.dispatch_id, laid_out.send_id) as esp_message_id,
        cast(null as varchar) as smtp_message_id,

        -- recipient
        coalesce(laid_out.named_email, addresses.email) as recipient_email,

        -- attributes
        case when laid_out.is_http then 'http_json' else 'currents_file' end as source_format,
        laid_out.raw_event_type,
        case
            when laid_out.event_name = 'messages.email.send' then 'sent'
            when laid_out.event_name = 'messages.email.delivery' then 'delivered'
            when laid_out.event_name in ('messages.email.deferral', 'messages.email.retry') then 'deferred'
            when laid_out.event_name = 'messages.email.bounce' and laid_out.is_drop = 'true' then 'dropped'
            when laid_out.event_name in ('messages.email.bounce', 'messages.email.softbounce') then 'bounced'
            when laid_out.event_name = 'messages.email.open' then 'opened'
            when laid_out.event_name = 'messages.email.click' then 'clicked'
            when laid_out.event_name = 'messages.email.markasspam' then 'complained'
            when laid_out.event_name = 'messages.email.unsubscribe' then 'unsubscribed'
            when laid_out.event_name = 'messages.email.abort' then 'dropped'
            when laid_out.event_name in ('campaigns.conversion', 'canvas.conversion') then 'converted'
            when laid_out.event_name in ('behaviors.purchase', 'behaviors.customevent.orderplaced') then 'purchased'
            when
                laid_out.event_name not in (
                    'behaviors.subscription.globalstatechange', 'behaviors.subscriptiongroup.statechange'
                )
                then 'other'
            when lower(laid_out.subscription_status) = 'unsubscribed' and laid_out.event_name is not null
                then 'unsubscribed'
            when
                replace(replace(lower(laid_out.subscription_status), '_', ''), ' ', '') in ('subscribed', 'optedin')
                and laid_out.event_name is not null
                then 'resubscribed'
            else 'other'
        end as event_type,
        case laid_out.event_name
            when 'messages.email.deferral' then 'delayed'
            when 'messages.email.retry' then 'retry'
            when 'messages.email.bounce' then case when laid_out.is_drop = 'true' then 'policy' else 'hard' end
            when 'messages.email.softbounce' then 'soft'
            when 'messages.email.open' then case when laid_out.is_amp = 'true' then 'amp' end
            when 'messages.email.click' then case when laid_out.is_amp = 'true' then 'amp' end
            when 'messages.email.markasspam' then 'fbl'
            when 'messages.email.unsubscribe' then 'global'
            when 'messages.email.abort' then 'policy'
            when 'campaigns.conversion' then 'campaign'
            when 'canvas.conversion' then 'canvas'
            when 'behaviors.customevent.orderplaced' then 'placed_order'
            -- A unit of an order that is reported as a whole, too.
            when 'behaviors.purchase' then case when placed_orders.shop_order_id is not null then 'ordered_product' end
            when 'behaviors.subscription.globalstatechange' then 'global'
            when 'behaviors.subscriptiongroup.statechange' then 'group'
        end as event_subtype,
        -- The tables of a share number campaigns by ids of their own, beside those that the files call by.
        coalesce(
            laid_out.campaign_api_id,
            laid_out.campaign_id_text,
            laid_out.canvas_api_id,
            laid_out.canvas_id,
            laid_out.argument_campaign_id
        ) as campaign_id,
        coalesce(laid_out.campaign_name_text, laid_out.canvas_name) as campaign_name,
        laid_out.argument_experiment as experiment,
        coalesce(
            laid_out.message_variation_api_id,
            laid_out.message_variation_id,
            laid_out.message_variation_name,
            laid_out.canvas_variation_api_id,
            laid_out.canvas_variation_id,
            laid_out.canvas_variation_name,
            laid_out.argument_variant
        ) as variant,
        laid_out.ip_pool as message_stream,
        cast(null as varchar) as tags,
        nullif({{ json_minified(json_or_null('laid_out.message_extras', '{')) }}, '{}') as custom_arguments,
        laid_out.url_text as url,
        cast(null as integer) as link_position,
        laid_out.user_agent_text as user_agent,
        cast(null as varchar) as ip,
        {{ device_type('laid_out.device_class') }} as device_type,
        laid_out.browser as email_client,
        cast(null as varchar) as proxy,
        coalesce(
            try_cast(laid_out.machine_open as boolean),
            try_cast(laid_out.is_suspected_bot_click as boolean)
        ) as is_machine,
        case
            when try_cast(laid_out.machine_open as boolean) is not null then 'esp_flag:machine_open'
            when try_cast(laid_out.is_suspected_bot_click as boolean) is not null
                then 'esp_flag:is_suspected_bot_click'
            else 'none'
        end as machine_basis,
        coalesce(laid_out.bounce_reason, laid_out.abort_log) as reason,

        -- measures
        cast(null as double) as read_seconds,
        case
            when
                laid_out.event_name = 'behaviors.customevent.orderplaced' or placed_orders.shop_order_id is not null
                then {{ filled('laid_out.shop_order_id') }}
        end as order_id,
        case laid_out.event_name
            when 'behaviors.purchase'
                then case when placed_orders.shop_order_id is null then {{ amount('laid_out.price') }} end
            when 'behaviors.customevent.orderplaced' then {{ amount('laid_out.order_value') }}
        end as revenue,
        case laid_out.event_name
            when 'behaviors.purchase' then laid_out.currency_text
            when 'behaviors.customevent.orderplaced' then {{ filled('laid_out.order_currency') }}
        end as currency,

        -- times
        {{ plausible_time('laid_out.event_time') }} as occurred_at,
        cast(null as timestamp) as sent_at,
        {{ time_basis('laid_out.time_text', 'laid_out.event_time') }} as time_basis,

        -- payload
        laid_out.record
    from laid_out
    left join addresses
        on laid_out.user_id = addresses.user_id and laid_out.named_email is null
    left join placed_orders
        on laid_out.shop_order_id = placed_orders.shop_order_id and laid_out.event_name = 'behaviors.purchase'

)

select * from final
