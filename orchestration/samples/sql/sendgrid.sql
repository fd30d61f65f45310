-- The Event Webhook's objects. A key without a value is left out, as SendGrid leaves it out.
create view sendgrid_records as
select
    bucket,
    arrived_at,
    k,
    repetition,
    concat(
        '{"email":"', email, '","timestamp":', epoch_us(occurred_at) // 1000000, ',"event":"', event, '","category":',
        case kind when 'newsletter' then concat('["newsletter","', category_1, '"]') else concat('"', kind, '"') end,
        ',"sg_event_id":"', token_of(k), '"',
        -- A server that returns a message late says neither which one it was nor by which machine.
        case
            when detail is distinct from 'late' then concat(
                ',"sg_message_id":"', token_of(message_k), '.filter', message_k % 5000, '.', message_k & 65535, '.0',
                '","smtp-id":"<', token_of(message_k), '@ismtpd-', message_k & 255, '>"'
            )
        end,
        -- custom arguments, flattened
        ',"campaign_id":"', campaign_id, '","campaign_name":"', campaign_name, '"',
        json_text('experiment', experiment), json_text('variant', variant),
        -- what the event has of its own
        case event
            when 'delivered' then concat(',"response":"250 2.0.0 OK","tls":1,"ip":"', server_address, '"')
            when 'deferred'
                then concat(',"response":"451 4.7.1 Try again later","attempt":"1","ip":"', server_address, '"')
            when 'dropped' then json_text('reason', detail)
            when 'bounce' then case detail
                when 'late' then ',"reason":"550 5.4.300 Message expired","status":"5.4.300","type":"bounce"'
                when 'hard' then concat(
                    ',"reason":"550 5.1.1 No such mailbox","status":"5.1.1","type":"bounce","tls":1,"ip":"',
                    server_address, '"'
                )
                else concat(
                    ',"reason":"421 4.7.0 Refused for now","status":"4.7.0","type":"blocked","tls":1,"ip":"',
                    server_address, '"'
                )
            end
            -- One open in twenty has no flag, as all had before there was one.
            when 'open' then case
                when detail is not distinct from 'flagged' then ',"sg_content_type":"html","sg_machine_open":true'
                when draw(k, 'flag') < 0.05 then ',"sg_content_type":"html"'
                else ',"sg_content_type":"html","sg_machine_open":false'
            end
            when 'click' then concat(
                ',"url":"', site(), path, '?utm_medium=email\u0026utm_campaign=', campaign_id,
                '","url_offset":{"index":', position - 1, ',"type":"html"},"sg_content_type":"html"'
            )
            when 'group_unsubscribe' then concat(',"asm_group_id":10,"url":"', site(), '/preferences"')
            when 'group_resubscribe' then concat(',"asm_group_id":10,"url":"', site(), '/preferences"')
        end,
        json_text('useragent', user_agent), json_text('ip', address),
        '}'
    ) as record
from email_details
where source = 'sendgrid';
