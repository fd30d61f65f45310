-- Segment's calls in their common envelope.
create view segment_records as
select
    c.bucket,
    c.arrived_at,
    c.k,
    c.repetition,
    concat(
        '{"type":"', case when c.event is null then 'identify' else 'track' end, '"', json_text('event', c.event),
        ',"messageId":"', uuid_of(c.k), '","anonymousId":"', c.anonymous_id, '","userId":',
        case when c.user_id is null then 'null' else concat('"', c.user_id, '"') end,
        ',"timestamp":"', iso_milliseconds(c.occurred_at),
        '","receivedAt":"', iso_milliseconds(later(c.occurred_at, 1)),
        '","context":{"page":{"url":"', site(), c.path, c.search, '","path":"', c.path, '","search":"', c.search, '"}',
        case
            when c.campaign_id is not null
                then concat(',"campaign":{"id":"', c.campaign_id, '","name":"', c.campaign_name, '","medium":"email"}')
        end,
        case when c.email is not null and c.event is not null then concat(',"traits":{"email":"', c.email, '"}') end,
        ',"userAgent":"', g.user_agent, '","ip":"', address_of(hash(c.anonymous_id)), '"}',
        case
            when c.event is null then concat(',"traits":{"email":"', c.email, '"}')
            else concat(',"properties":{', c.properties, '}')
        end,
        '}'
    ) as record
from site_deliveries as c
inner join agents as g on c.agent = g.agent;
