-- What the exports do not say, one row per event however often it is delivered.
create view truth_events as
select
    e.source,
    case e.source when 'sendgrid' then token_of(e.k) end as event_id,
    case e.source when 'sendgrid' then token_of(e.message_k) else uuid_of(e.message_k) end as esp_message_id,
    s.email,
    m.campaign_id,
    e.event,
    case when l.path is not null then site() || l.path end as url,
    e.occurred_at,
    e.actor,
    e.class,
    p.read_at is not null as is_message_read,
    is_late(e.k) as is_late,
    case when is_repeated(e.k) then 2 else 1 end as deliveries
from email_events as e
inner join subscribers as s on e.subscriber_no = s.subscriber_no
inner join mailings as m on e.mailing_no = m.mailing_no
inner join messages as p on e.mailing_no = p.mailing_no and e.subscriber_no = p.subscriber_no
left join links as l on e.mailing_no = l.mailing_no and e.link_no = l.link_no
where list_contains(wanted_sources(), e.source)
union all
select
    c.source,
    uuid_of(c.k),
    null,
    s.email,
    null,
    coalesce(c.event, 'identify'),
    site() || c.path,
    c.occurred_at,
    'human',
    'site',
    null,
    is_late(c.k),
    case when is_repeated(c.k) then 2 else 1 end
from site_calls as c
left join subscribers as s on c.subscriber_no = s.subscriber_no
where list_contains(wanted_sources(), c.source);

create view truth_subscribers as
select
    email,
    engagement,
    read_probability,
    click_probability,
    intent,
    best_hour,
    time_zone,
    interest_1,
    interest_2,
    uses_privacy_proxy,
    scanner,
    lapses_at,
    address_dead_from
from subscribers;
