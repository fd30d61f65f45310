-- Postmark's webhook objects: one record type per kind of event, no event id but on bounces and complaints.
create view postmark_records as
with worded as (
    select
        *,
        concat(strftime(occurred_at, '%Y-%m-%dT%H:%M:%S.%f'), k % 10, 'Z') as moment,
        -- what every record has
        concat(
            '"MessageID":"', uuid_of(message_k), '","ServerID":23,"MessageStream":"', stream, '","Tag":"', kind,
            '","Metadata":{"campaign_id":"', campaign_id, '","campaign_name":"', campaign_name, '"}'
        ) as message,
        -- what opens and clicks have
        concat(
            '"Client":{"Name":"', client_name, '","Company":"', client_company, '","Family":"', client_family,
            '"},"OS":{"Name":"', system_name, '","Company":"', system_company, '","Family":"', system_family,
            '"},"Platform":"', platform, '","UserAgent":"', user_agent, '","Geo":{"IP":"', address, '"}'
        ) as reader,
        -- what bounces and complaints have
        concat(
            '"ID":', k >> 12, ',"Email":"', email, '","From":"post@shop.example.com","Subject":"', subject,
            '","BouncedAt":"', strftime(occurred_at, '%Y-%m-%dT%H:%M:%SZ'), '"'
        ) as refusal,
        -- Reading is measured for people, on clients that keep the pixel's connection open.
        case
            when actor = 'machine' or agent like '%_proxy' or draw(k, 'measured') < 0.25 then 0
            else least(20, cast(8 * exp(0.9 * draw_normal(k, 'reading')) as integer))
        end as read_seconds
    from email_details
    where source = 'postmark'
)

select
    bucket,
    arrived_at,
    k,
    repetition,
    case event
        when 'delivered' then concat(
            '{"RecordType":"Delivery",', message, ',"Recipient":"', email, '","DeliveredAt":"', moment,
            '","Details":"250 2.0.0 OK"}'
        )
        when 'deferred' then concat(
            '{"RecordType":"Bounce","Type":"Transient","TypeCode":2,"Name":"Message delayed",', message, ',', refusal,
            ',"Inactive":false,"CanActivate":false}'
        )
        when 'bounce' then concat(
            '{"RecordType":"Bounce",',
            case detail
                when 'hard' then '"Type":"HardBounce","TypeCode":1,"Name":"Hard bounce",'
                when 'soft' then '"Type":"SoftBounce","TypeCode":4096,"Name":"Soft bounce",'
                else '"Type":"Blocked","TypeCode":100006,"Name":"ISP block",'
            end,
            message, ',', refusal, ',"Inactive":', detail = 'hard', ',"CanActivate":', detail = 'hard', '}'
        )
        when 'open' then concat(
            '{"RecordType":"Open",', message, ',"Recipient":"', email, '","ReceivedAt":"', moment,
            '","FirstOpen":', ordinal = 0, ',"ReadSeconds":', read_seconds, ',', reader, '}'
        )
        when 'click' then concat(
            '{"RecordType":"Click",', message, ',"Recipient":"', email, '","ReceivedAt":"', moment,
            '","ClickLocation":"HTML","OriginalLink":"', site(), path, '?utm_medium=email&utm_campaign=', campaign_id,
            '",', reader, '}'
        )
        when 'spamreport' then concat(
            '{"RecordType":"SpamComplaint","Type":"SpamComplaint","TypeCode":100001,"Name":"Spam complaint",', message,
            ',', refusal, ',"Inactive":true,"CanActivate":false}'
        )
        -- Whoever comes back does so without a message.
        when 'group_resubscribe' then concat(
            '{"RecordType":"SubscriptionChange","MessageID":null,"ServerID":23,"MessageStream":"', stream,
            '","Recipient":"', email, '","ChangedAt":"', moment,
            '","Origin":"Customer","SuppressSending":false,"SuppressionReason":null,"Tag":null,"Metadata":{}}'
        )
        else concat(
            '{"RecordType":"SubscriptionChange",', message, ',"Recipient":"', email, '","ChangedAt":"', moment,
            '","Origin":"Recipient","SuppressSending":true,"SuppressionReason":"ManualSuppression"}'
        )
    end as record
from worded;
