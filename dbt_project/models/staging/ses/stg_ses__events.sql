{%- set fields = {
    'event_type_text': ['eventType'],
    'notification_type': ['notificationType'],
    'sns_type': ['Type'],
    'sns_topic': ['envelope', 'TopicArn'],
    'sns_message_id': ['envelope', 'MessageId'],
    'event_bridge_type': ['envelope', 'detail-type'],
    'message_id': ['mail', 'messageId'],
    'mail_timestamp': ['mail', 'timestamp'],
    'destination': ['mail', 'destination'],
    'header_message_id': ['mail', 'commonHeaders', 'messageId'],
    'tags_object': ['mail', 'tags'],
    'bounce_type': ['bounce', 'bounceType'],
    'bounce_subtype': ['bounce', 'bounceSubType'],
    'bounced_recipients': ['bounce', 'bouncedRecipients'],
    'bounce_timestamp': ['bounce', 'timestamp'],
    'bounce_feedback_id': ['bounce', 'feedbackId'],
    'complaint_subtype': ['complaint', 'complaintSubType'],
    'complaint_feedback_type': ['complaint', 'complaintFeedbackType'],
    'complained_recipients': ['complaint', 'complainedRecipients'],
    'complaint_timestamp': ['complaint', 'timestamp'],
    'complaint_arrival_date': ['complaint', 'arrivalDate'],
    'complaint_feedback_id': ['complaint', 'feedbackId'],
    'delivery_recipients': ['delivery', 'recipients'],
    'delivery_timestamp': ['delivery', 'timestamp'],
    'delay_type': ['deliveryDelay', 'delayType'],
    'delayed_recipients': ['deliveryDelay', 'delayedRecipients'],
    'delay_timestamp': ['deliveryDelay', 'timestamp'],
    'open_timestamp': ['open', 'timestamp'],
    'open_ip': ['open', 'ipAddress'],
    'open_user_agent': ['open', 'userAgent'],
    'click_timestamp': ['click', 'timestamp'],
    'click_ip': ['click', 'ipAddress'],
    'click_user_agent': ['click', 'userAgent'],
    'click_link': ['click', 'link'],
    'reject_reason': ['reject', 'reason'],
    'failure_message': ['failure', 'errorMessage'],
    'subscription_timestamp': ['subscription', 'timestamp'],
    'leaves_all': ['subscription', 'newTopicPreferences', 'unsubscribeAll'],
    'left_all': ['subscription', 'oldTopicPreferences', 'unsubscribeAll'],
    'new_topics': ['subscription', 'newTopicPreferences', 'topicSubscriptionStatus'],
    'old_topics': ['subscription', 'oldTopicPreferences', 'topicSubscriptionStatus'],
} -%}
{%- set tags = {
    'tag_configuration_set': ['ses:configuration-set'],
    'tag_campaign_id': ['campaign_id'],
    'tag_campaign_name': ['campaign_name'],
    'tag_experiment': ['experiment'],
    'tag_variant': ['variant'],
} -%}
with

records as (

    {{ published_records('ses', fields) }}

),

-- SNS delivers a notification at least once, under one number. Only what came in an envelope is looked at.
enveloped as (

    select
        export_id,
        position,
        sns_message_id
    from (
        {{ published_records('ses', {'sns_message_id': ['envelope', 'MessageId']}) }}
    ) as all_records
    where starts_with(record, '{"envelope"')

),

redelivered as (

    select
        export_id,
        sns_message_id,
        min(position) as first_position
    from enveloped
    where sns_message_id is not null
    group by export_id, sns_message_id
    having count(*) > 1

),

read_cells as (

    select
        records.*,
        replace(lower(trim(coalesce(records.event_type_text, records.notification_type))), ' ', '') as event_name,
        coalesce(records.position > redelivered.first_position, false) as is_redelivered,
        {{ json_struct(json_or_null('records.tags_object', '{'), tags) }} as message_tags,
        coalesce(records.bounce_feedback_id, records.complaint_feedback_id) as feedback_id,
        lower(records.bounce_subtype) in ('onaccountsuppressionlist', 'suppressed', 'unsubscribedrecipient')
            as was_suppressed
    from records
    left join redelivered
        on records.export_id = redelivered.export_id and records.sns_message_id = redelivered.sns_message_id

),

-- The type alone does not tell what happened.
named as (

    select
        *,
        case
            when is_redelivered then 'redelivered'
            when event_name is null then 'control'
            when event_name = 'bounce' and was_suppressed and lower(bounce_subtype) = 'unsubscribedrecipient'
                then 'bounce:unsubscribed'
            when event_name = 'bounce' and was_suppressed then 'bounce:suppressed'
            when event_name = 'bounce' then 'bounce:' || coalesce(lower(bounce_type), '')
            when event_name = 'complaint' and lower(complaint_subtype) = 'onaccountsuppressionlist'
                then 'complaint:suppressed'
            when
                event_name = 'complaint'
                and (lower(complaint_feedback_type) = 'not-spam' or lower(complaint_subtype) = 'not-spam')
                then 'complaint:not-spam'
            when event_name != 'subscription' then event_name
            when leaves_all = 'true' then 'subscription:leaves all'
            when left_all = 'true' then 'subscription:back'
            when {{ count_of("new_topics", '"OptOut"') }} > {{ count_of("old_topics", '"OptOut"') }}
                then 'subscription:leaves a topic'
            else 'subscription:joins a topic'
        end as outcome,
        case event_name
            when 'bounce' then bounced_recipients
            when 'complaint' then complained_recipients
            when 'delivery' then coalesce(delivery_recipients, destination)
            when 'deliverydelay' then delayed_recipients
            else destination
        end as recipients,
        case event_name
            when 'bounce' then bounce_timestamp
            when 'complaint' then coalesce(complaint_timestamp, complaint_arrival_date)
            when 'delivery' then delivery_timestamp
            when 'deliverydelay' then delay_timestamp
            when 'open' then open_timestamp
            when 'click' then click_timestamp
            when 'subscription' then subscription_timestamp
            else mail_timestamp
        end as time_text
    from read_cells

),

-- A notification that names several recipients is an event of each.
parted as (

    select
        *,
        {{ json_list_rows('recipients', "nullif(recipients, '[]')", 'recipient_text', 'part') }}
    from named

),

addressed as (

    select
        *,
        {{ normalised_email("coalesce(" ~ json_value('recipient_text', 'emailAddress') ~ ", recipient_text)") }}
            as recipient_email,
        {{ json_value('recipient_text', 'diagnosticCode') }} as diagnostic_code,
        {{ json_columns('message_tags', tags) }},
        {{ utc_timestamp('time_text') }} as event_time,
        {{ utc_timestamp('mail_timestamp') }} as mail_time
    from parted

),

final as (

    select
        -- keys
        export_id,
        position,
        part,
        'ses' as esp,
        event_name || ':' || nullif(feedback_id, '') || ':' || coalesce(recipient_email, '') as source_event_id,
        case when nullif(feedback_id, '') is null then {{ composite_id([
            'message_id', 'event_name', moment('event_time', 'time_text'), 'recipient_email', 'click_link',
            'coalesce(open_ip, click_ip)', 'coalesce(open_user_agent, click_user_agent)'
        ]) }} end as composite_id,
        nullif(message_id, '') as esp_message_id,
        {{ bare_message_id('header_message_id') }} as smtp_message_id,

        -- recipient
        recipient_email,

        -- attributes
        case
            when coalesce(sns_topic, sns_type) is not null then 'sns_json'
            when event_bridge_type is not null then 'event_bridge_json'
            when notification_type is not null then 'identity_feedback'
            else 'event_json'
        end as source_format,
        coalesce({{ filled('event_type_text') }}, {{ filled('notification_type') }}, nullif(sns_type, ''))
            as raw_event_type,
        case outcome
            when 'redelivered' then 'control'
            when 'control' then 'control'
            when 'amazonsnssubscriptionsucceeded' then 'control'
            when 'send' then 'sent'
            when 'delivery' then 'delivered'
            when 'deliverydelay' then 'deferred'
            when 'bounce:suppressed' then 'dropped'
            when 'bounce:unsubscribed' then 'dropped'
            when 'bounce:permanent' then 'bounced'
            when 'bounce:transient' then 'bounced'
            when 'bounce:undetermined' then 'bounced'
            when 'bounce:' then 'bounced'
            when 'complaint' then 'complained'
            when 'complaint:not-spam' then 'complaint_retracted'
            when 'complaint:suppressed' then 'dropped'
            when 'reject' then 'dropped'
            when 'renderingfailure' then 'failed'
            when 'open' then 'opened'
            when 'click' then 'clicked'
            when 'subscription:leaves all' then 'unsubscribed'
            when 'subscription:leaves a topic' then 'unsubscribed'
            when 'subscription:back' then 'resubscribed'
            when 'subscription:joins a topic' then 'resubscribed'
            else 'other'
        end as event_type,
        case outcome
            when 'redelivered' then 'redelivered'
            when 'deliverydelay' then 'delayed'
            when 'bounce:suppressed' then 'bounced_address'
            when 'bounce:unsubscribed' then 'unsubscribed'
            when 'bounce:permanent' then 'hard'
            when 'bounce:transient' then 'soft'
            when 'bounce:undetermined' then 'undetermined'
            when 'bounce:' then 'undetermined'
            when 'complaint' then 'fbl'
            when 'complaint:suppressed' then 'spam_reporting'
            when 'reject' then 'policy'
            when 'renderingfailure' then 'rendering'
            when 'subscription:leaves all' then 'global'
            when 'subscription:leaves a topic' then 'list'
            when 'subscription:back' then 'global'
            when 'subscription:joins a topic' then 'list'
        end as event_subtype,
        {{ filled(first_of_list('tag_campaign_id')) }} as campaign_id,
        {{ filled(first_of_list('tag_campaign_name')) }} as campaign_name,
        {{ filled(first_of_list('tag_experiment')) }} as experiment,
        {{ filled(first_of_list('tag_variant')) }} as variant,
        {{ filled(first_of_list('tag_configuration_set')) }} as message_stream,
        nullif({{ json_array_of_members(json_or_null('tags_object', '{'), but_not='ses:') }}, '[]') as tags,
        {{ json_without_members(json_or_null('tags_object', '{'), prefixes=['ses:']) }} as custom_arguments,
        nullif(click_link, '') as url,
        cast(null as integer) as link_position,
        nullif(coalesce(open_user_agent, click_user_agent), '') as user_agent,
        nullif(coalesce(open_ip, click_ip), '') as ip,
        cast(null as varchar) as device_type,
        cast(null as varchar) as email_client,
        cast(null as varchar) as proxy,
        cast(null as boolean) as is_machine,
        'none' as machine_basis,
        case event_name
            when 'bounce' then coalesce(nullif(diagnostic_code, ''), nullif(bounce_subtype, ''))
            when 'complaint' then coalesce(nullif(complaint_feedback_type, ''), nullif(complaint_subtype, ''))
            when 'deliverydelay' then coalesce(nullif(diagnostic_code, ''), nullif(delay_type, ''))
            when 'reject' then nullif(reject_reason, '')
            when 'renderingfailure' then nullif(failure_message, '')
        end as reason,

        -- measures
        cast(null as double) as read_seconds,
        cast(null as varchar) as order_id,
        cast(null as decimal(18, 4)) as revenue,
        cast(null as varchar) as currency,

        -- times
        {{ plausible_time('event_time') }} as occurred_at,
        {{ plausible_send_time('mail_time') }} as sent_at,
        {{ time_basis('time_text', 'event_time') }} as time_basis,

        -- payload, without what carried it: an event is the same whichever way it came
        case
            when starts_with(record, '{"envelope"') then {{ json_without_member('record', 'envelope') }}
            else record
        end as record
    from addressed

)

select * from final
