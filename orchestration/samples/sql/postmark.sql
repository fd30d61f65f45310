-- Postmark's webhook objects: one record type per kind of event, no event id but on bounces and complaints.
create view postmark_records as
with worded as (
    select
        *,
        strftime(occurred_at, '%Y-%m-%dT%H:%M:%S.%f') || cast(k % 10 as varchar) || 'Z' as moment,
        json_text('MessageID', case when event <> 'group_resubscribe' then uuid_of(message_k) end)
        || ',"ServerID":23,"MessageStream":"' || stream || '"' as message,
        case when event = 'group_resubscribe' then '' else json_text('Tag', kind) end
        || ',"Metadata":{"campaign_id":"' || campaign_id || '","campaign_name":"' || campaign_name || '"}' as about,
        ',"Client":{"Name":"' || client_name || '","Company":"' || client_company || '","Family":"' || client_family
        || '"},"OS":{"Name":"' || system_name || '","Company":"' || system_company || '","Family":"' || system_family
        || '"},"Platform":"' || platform || '","UserAgent":"' || user_agent || '","Geo":{"IP":"' || address || '"}' as reader
    from email_details
    where source = 'postmark'
)

select
    bucket,
    arrived_at,
    k,
    repetition,
    case
        when event = 'delivered' then '{"RecordType":"Delivery"' || message || ',"Recipient":"' || email || '","DeliveredAt":"' || moment
            || '","Details":"250 2.0.0 OK"' || about || '}'
        when event = 'open' then '{"RecordType":"Open"' || message || ',"Recipient":"' || email || '","ReceivedAt":"' || moment
            || '","FirstOpen":' || case when ordinal = 0 then 'true' else 'false' end
            -- Reading is measured for people on clients that keep the pixel's connection open.
            || ',"ReadSeconds":' || cast(case
                when actor = 'machine' or agent like '%_proxy' or draw(k, 'measured') < 0.25 then 0
                else least(20, cast(8 * exp(0.9 * draw_normal(k, 'reading')) as integer))
            end as varchar)
            || reader || about || '}'
        when event = 'click' then '{"RecordType":"Click"' || message || ',"Recipient":"' || email || '","ReceivedAt":"' || moment
            || '","ClickLocation":"HTML","OriginalLink":"' || site() || path || '?utm_medium=email&utm_campaign=' || campaign_id
            || '"' || reader || about || '}'
        when event = 'spamreport' then '{"RecordType":"SpamComplaint"' || message || ',"ID":' || cast(k >> 12 as varchar)
            || ',"Type":"SpamComplaint","TypeCode":100001,"Name":"Spam complaint","Email":"' || email || '","From":"post@shop.example.com","BouncedAt":"'
            || moment || '","Inactive":true,"CanActivate":false,"Subject":"' || subject || '"' || about || '}'
        when event = 'group_resubscribe' then '{"RecordType":"SubscriptionChange","MessageID":null,"ServerID":23,"MessageStream":"' || stream
            || '","Recipient":"' || email || '","ChangedAt":"' || moment || '","Origin":"Customer","SuppressSending":false,"SuppressionReason":null,"Tag":null}'
        when event in ('bounce', 'deferred') then '{"RecordType":"Bounce"' || message || ',"ID":' || cast(k >> 12 as varchar) || case detail
                when 'hard' then ',"Type":"HardBounce","TypeCode":1,"Name":"Hard bounce","Inactive":true,"CanActivate":true'
                when 'soft' then ',"Type":"SoftBounce","TypeCode":4096,"Name":"Soft bounce","Inactive":false,"CanActivate":false'
                when 'deferred' then ',"Type":"Transient","TypeCode":2,"Name":"Message delayed","Inactive":false,"CanActivate":false'
                else ',"Type":"Blocked","TypeCode":100006,"Name":"ISP block","Inactive":false,"CanActivate":false'
            end
            || ',"Email":"' || email || '","From":"post@shop.example.com","BouncedAt":"' || moment || '","Subject":"' || subject || '"' || about || '}'
        else '{"RecordType":"SubscriptionChange"' || message || ',"Recipient":"' || email || '","ChangedAt":"' || moment
            || '","Origin":"Recipient","SuppressSending":true,"SuppressionReason":"ManualSuppression"' || about || '}'
    end as record
from worded;
