-- The Event Webhook's objects. A key without a value is left out, as SendGrid leaves it out.
create view sendgrid_records as
select
    bucket,
    arrived_at,
    k,
    repetition,
    '{"email":"' || email || '","timestamp":' || cast(epoch_us(occurred_at) // 1000000 as varchar)
    || ',"event":"' || event || '","category":'
    || case kind when 'newsletter' then '["newsletter","' || category_1 || '"]' else '"' || kind || '"' end
    || ',"sg_event_id":"' || token_of(k) || '"'
    -- A server that returns a message late says neither which one it was nor by which machine.
    || case
        when detail is not distinct from 'late' then ''
        else format(
            ',"sg_message_id":"{0}.filter{1:04}.{2}.{3:X}.0","smtp-id":"<{0}@ismtpd-{4}>"',
            token_of(message_k), message_k % 5000, message_k & 65535, message_k & 4294967295, message_k & 255
        )
    end
    -- custom arguments, flattened
    || ',"campaign_id":"' || campaign_id || '","campaign_name":"' || campaign_name || '"'
    || json_text('experiment', experiment) || json_text('variant', variant)
    -- what the event has of its own
    || case event
        when 'delivered' then ',"response":"250 2.0.0 OK","tls":1,"ip":"' || server_address || '"'
        when 'deferred' then ',"response":"451 4.7.1 Try again later","attempt":"1","ip":"' || server_address || '"'
        when 'dropped' then ',"reason":"' || detail || '"'
        when 'bounce' then case detail
            when 'hard' then ',"reason":"550 5.1.1 No such mailbox","status":"5.1.1","type":"bounce","tls":1,"ip":"' || server_address || '"'
            when 'late' then ',"reason":"550 5.4.300 Message expired","status":"5.4.300","type":"bounce"'
            else ',"reason":"421 4.7.0 Refused for now","status":"4.7.0","type":"blocked","tls":1,"ip":"' || server_address || '"'
        end
        -- One open in twenty has no flag, as all had before there was one.
        when 'open' then ',"sg_content_type":"html"' || case
            when detail is not distinct from 'flagged' then ',"sg_machine_open":true'
            when draw(k, 'flag') < 0.05 then ''
            else ',"sg_machine_open":false'
        end
        when 'click'
            then ',"url":"' || site() || path || '?utm_medium=email\u0026utm_campaign=' || campaign_id
            || '","url_offset":{"index":' || cast(position - 1 as varchar) || ',"type":"html"},"sg_content_type":"html"'
        when 'group_unsubscribe' then ',"asm_group_id":10,"url":"' || site() || '/preferences"'
        when 'group_resubscribe' then ',"asm_group_id":10,"url":"' || site() || '/preferences"'
        else ''
    end
    || json_text('useragent', user_agent)
    || case when agent is null then '' else ',"ip":"' || address || '"' end
    || '}' as record
from email_details
where source = 'sendgrid';
