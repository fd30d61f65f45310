{%- set fields = {
    'event': ['event'],
    'time_text': ['time'],
    'message_id': ['MessageID'],
    'email': ['email'],
    'mj_campaign_id': ['mj_campaign_id'],
    'mj_contact_id': ['mj_contact_id'],
    'mj_list_id': ['mj_list_id'],
    'customcampaign': ['customcampaign'],
    'payload': ['Payload'],
    'custom_id': ['CustomID'],
    'url': ['url'],
    'ip': ['ip'],
    'agent': ['agent'],
    'hard_bounce': ['hard_bounce'],
    'error': ['error'],
    'error_related_to': ['error_related_to'],
    'comment': ['comment'],
    'complaint_source': ['source'],
} -%}
{#- The sender's own text about a message; many write JSON into it. -#}
{%- set payload_fields = {
    'payload_campaign_id': ['campaign_id'],
    'payload_campaign_name': ['campaign_name'],
    'payload_experiment': ['experiment'],
    'payload_variant': ['variant'],
} -%}
with

records as (

    {{ published_records('mailjet', fields) }}

),

namings as (

    {{ published_records('mailjet', ['mj_contact_id', 'email']) }}

),

-- Some events name a contact and no address: it is the only one that the contact's other events name.
contacts as (

    select
        mj_contact_id as contact_number,
        min({{ normalised_email('email') }}) as email
    from namings
    where nullif(mj_contact_id, '0') is not null and {{ normalised_email('email') }} is not null
    group by mj_contact_id
    having min({{ normalised_email('email') }}) = max({{ normalised_email('email') }})

),

read_cells as (

    select
        *,
        {{ json_struct(json_or_null('payload', '{'), payload_fields) }} as payload_struct,
        lower(trim(event)) as event_name,
        lower(trim(error)) as error_name,
        nullif(concat_ws(': ', nullif(error_related_to, ''), nullif(error, '')), '') as error_text,
        -- A number of zero is none.
        nullif(nullif(message_id, ''), '0') as esp_message_id,
        nullif(nullif(mj_campaign_id, ''), '0') as campaign_number,
        nullif(nullif(mj_list_id, ''), '0') as list_number,
        nullif(nullif(mj_contact_id, ''), '0') as contact_number,
        {{ normalised_email('email') }} as named_email,
        {{ utc_timestamp('time_text') }} as event_time
    from records

),

read_payloads as (

    select
        *,
        {{ json_columns('payload_struct', payload_fields) }}
    from read_cells

),

addressed as (

    select
        read_payloads.*,
        coalesce(read_payloads.named_email, contacts.email) as recipient_email
    from read_payloads
    left join contacts
        on read_payloads.contact_number = contacts.contact_number and read_payloads.named_email is null

),

final as (

    select
        -- keys
        export_id,
        position,
        1 as part,
        'mailjet' as esp,
        cast(null as varchar) as source_event_id,
        {{ composite_id([
            'esp_message_id', 'event_name', moment('event_time', 'time_text'),
            'coalesce(named_email, contact_number)', 'url', 'ip'
        ]) }} as composite_id,
        esp_message_id,
        cast(null as varchar) as smtp_message_id,

        -- recipient
        recipient_email,

        -- attributes
        'webhook_json' as source_format,
        {{ filled('event') }} as raw_event_type,
        case
            -- Mailjet calls sent what the receiving server took.
            when event_name = 'sent' then 'delivered'
            when event_name = 'open' then 'opened'
            when event_name = 'click' then 'clicked'
            when event_name = 'bounce' and error_name = 'greylisted' then 'deferred'
            when event_name = 'bounce' then 'bounced'
            when event_name = 'blocked' then 'dropped'
            when event_name = 'spam' then 'complained'
            when event_name = 'unsub' then 'unsubscribed'
            else 'other'
        end as event_type,
        case
            when event_name = 'bounce' and error_name = 'greylisted' then 'greylisted'
            when event_name = 'bounce' and try_cast(hard_bounce as boolean) then 'hard'
            when event_name = 'bounce' and not try_cast(hard_bounce as boolean) then 'soft'
            when event_name = 'bounce' then 'undetermined'
            when event_name = 'spam' then 'fbl'
            when event_name = 'unsub' and list_number is not null then 'list'
            when event_name = 'unsub' then 'global'
            when event_name != 'blocked' then null
            when error_name = 'preblocked' then 'bounced_address'
            when error_name = 'duplicate in campaign' then 'duplicate'
            when error_name in ('user unknown', 'invalid domain', 'no mail host') then 'invalid'
            else 'policy'
        end as event_subtype,
        coalesce(
            campaign_number,
            {{ filled('customcampaign') }},
            {{ filled('payload_campaign_id') }}
        ) as campaign_id,
        coalesce({{ filled('customcampaign') }}, {{ filled('payload_campaign_name') }}) as campaign_name,
        {{ filled('payload_experiment') }} as experiment,
        {{ filled('payload_variant') }} as variant,
        cast(null as varchar) as message_stream,
        {{ tags_array('customcampaign') }} as tags,
        {{ json_object_of({'CustomID': 'custom_id', 'Payload': 'payload'}) }} as custom_arguments,
        nullif(url, '') as url,
        cast(null as integer) as link_position,
        nullif(agent, '') as user_agent,
        case when event_name in ('open', 'click') then nullif(ip, '') end as ip,
        cast(null as varchar) as device_type,
        cast(null as varchar) as email_client,
        cast(null as varchar) as proxy,
        cast(null as boolean) as is_machine,
        'none' as machine_basis,
        case event_name
            when 'spam' then nullif(complaint_source, '')
            else coalesce(error_text, nullif(comment, ''))
        end as reason,

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
    from addressed

)

select * from final
