-- What no ESP exports, as rows of files: `file` names the export a row stands in, `place` orders it there.

create view campaigns_rows as
with campaigns as (
    select
        campaign_id,
        esp,
        campaign_name,
        kind,
        subject,
        preheader,
        stream,
        experiment,
        min(coalesce(sent_from, starts_at())) as sent_from_at,
        min(mailing_no) as place
    from declared_mailings
    group by all
),

arms as (
    select c.*, v.variant, e.control_variant, coalesce(v.share_to - v.share_from, 1) as share
    from campaigns as c
    left join experiments as e on c.experiment = e.experiment
    left join variants as v on c.experiment = v.experiment and v.is_mailed
),

worded as (
    select
        campaign_id,
        esp,
        campaign_name,
        case kind when 'flow' then 'automation' when 'statement' then 'transactional' else kind end as campaign_type,
        case
            when experiment = 'subject_question' and variant = 'B'
                then 'Have you seen ' || lower(left(subject, 1)) || substr(subject, 2) || '?'
            else subject
        end as subject,
        nullif(preheader, '') as preheader,
        variant,
        experiment,
        control_variant,
        cast(
            share * case kind when 'newsletter' then 60 when 'promotion' then 90 else 15 end as decimal(18, 2)
        ) as cost,
        sent_from_at,
        stream,
        place
    from arms
)

-- First as planned: draft names, no cost yet. Then as sent.
select
    'campaigns-planned.csv' as file,
    place,
    * exclude (place) replace (campaign_name || ' (draft)' as campaign_name, null as cost),
    starts_at() as updated_at
from worded
union all
select 'campaigns-sent.csv', place, * exclude (place), greatest(sent_from_at, starts_at()) + interval 1 day
from worded;

create view links_rows as
select
    case m.kind when 'promotion' then 'links-promotions.ndjson' else 'links.csv' end as file,
    min(m.mailing_no * 100 + l.link_no) as place,
    case when l.element <> 'preferences' then m.campaign_id end as campaign_id,
    replace(replace(site() || l.path, 'https://', ''), '.', '\.') as url_pattern,
    l.element,
    l.element_type,
    case when l.element <> 'preferences' then l.position end as position,
    l.content_category,
    l.is_hidden
from links as l
inner join declared_mailings as m on l.mailing_no = m.mailing_no
-- One row about the link at the foot of every mail.
where l.element <> 'preferences' or m.mailing_no = (select min(mailing_no) from declared_mailings)
group by all;

create view subscribers_rows as
with described as (
    select
        *,
        draw(k, 'zone unknown') < 0.1 as has_late_zone,
        '{"language":"' || case time_zone when 'Europe/Berlin' then 'de' else 'en' end || '","plan":"'
        || case when draw(k, 'plan') < 0.2 then 'plus' else 'free' end || '"}' as attributes,
        case when signed_up_at < starts_at() then 'start' else format(
            'month-{}', 1 + (epoch_us(signed_up_at) - epoch_us(starts_at())) // 2592000000000
        ) end as stretch
    from subscribers
)

select
    'subscribers-' || stretch || '.csv' as file,
    subscriber_no as place,
    case when draw(k, 'typed') < 0.02 then upper(email) else email end as email,
    signed_up_at,
    signup_source,
    case when not has_late_zone then time_zone end as time_zone,
    attributes,
    greatest(signed_up_at, starts_at()) as updated_at
from described
union all
-- What became known later: a row may fill in one field and leave the others.
select 'subscribers-corrections.csv', subscriber_no, email, null, null, time_zone, null, ends_at()
from described
where has_late_zone;

create view assignments_rows as
select
    'assignments-' || replace(a.experiment, '_', '-') || '.csv' as file,
    a.subscriber_no as place,
    a.experiment,
    s.email,
    a.variant,
    a.assigned_at
from assignments as a
inner join subscribers as s on a.subscriber_no = s.subscriber_no
union all
-- A fault that happens: in the test without effect, a few stand in two arms.
select
    'assignments-footer-colour.csv',
    a.subscriber_no,
    a.experiment,
    s.email,
    case a.variant when 'A' then 'B' else 'A' end,
    a.assigned_at + interval 1 hour
from assignments as a
inner join subscribers as s on a.subscriber_no = s.subscriber_no
where a.experiment = 'footer_colour' and draw(s.k, 'two arms') < 0.003;
