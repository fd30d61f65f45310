-- One row per subscriber: what the payloads show of a person, and what they hide.
create table subscribers as
with numbered as (
    select
        cast(range as integer) as subscriber_no,
        nth_key(range, 'subscriber') as k
    from range(1, subscriber_count() + 1)
),

placed as (
    select
        subscriber_no,
        k,
        pick_domain(draw(k, 'domain')) as domain,
        pick_engagement(draw(k, 'engagement')) as engagement,
        pick_device(draw(k, 'device')) as device,
        pick_category(draw(k, 'interest')) as interest_1,
        pick_category(draw(k, 'second interest')) as interest_2,
        -- Seven in ten were there before the window, the others join evenly during it.
        case
            when draw(k, 'joined before') < 0.7
                then later(starts_at(), -86400 * draw_between(k, 'seniority', 0.5, 900))
            else later(starts_at(), window_seconds() * draw(k, 'joined'))
        end as signed_up_at
    from numbered
)

select
    -- keys
    p.subscriber_no,
    p.k,
    -- seen in the payloads
    format('reader{:06}@{}', p.subscriber_no, p.domain) as email,
    p.domain,
    d.provider,
    p.device,
    date_trunc('second', p.signed_up_at) as signed_up_at,
    pick_signup_source(draw(p.k, 'source')) as signup_source,
    pick_time_zone(draw(p.k, 'zone')) as time_zone,
    uuid_of(key_of(p.k, 'browser')) as anonymous_id,
    draw(p.k, 'account') < 0.6 as has_account,
    -- hidden
    p.engagement,
    e.read_probability,
    e.click_probability,
    e.intent,
    pick_best_hour(draw(p.k, 'best hour')) as best_hour,
    p.interest_1,
    case when p.interest_2 <> p.interest_1 then p.interest_2 end as interest_2,
    draw(p.k, 'privacy proxy') < d.privacy_proxy as uses_privacy_proxy,
    d.scanner,
    d.scanner_agent,
    d.scanned,
    -- One in eight loses interest during the window, one in fifty has an address that dies.
    case
        when draw(p.k, 'lapses') < 0.12
            then later(starts_at(), window_seconds() * (0.25 + 0.5 * draw(p.k, 'lapse')))
    end as lapses_at,
    case
        when draw(p.k, 'dies') < 0.02
            then later(starts_at(), window_seconds() * draw(p.k, 'death'))
    end as address_dead_from
from placed as p
inner join engagements as e on p.engagement = e.engagement
inner join domains as d on p.domain = d.domain;

-- Hours between UTC and a zone's clock, by day: daylight saving included, and read once instead of once per message.
create table clocks as
select
    z.time_zone,
    cast(d.day as date) as day_on,
    epoch(timezone(z.time_zone, timezone('UTC', d.day)) - d.day) / 3600.0 as offset_hours
from (select distinct time_zone from subscribers) as z
cross join (
    select unnest(generate_series(
        starts_at() - interval 1 day, ends_at() + interval 40 day, interval 1 day
    )) as day
) as d;

-- Who was assigned to which arm. A subscriber who joins later is in none.
create table assignments as
select
    e.experiment,
    s.subscriber_no,
    v.variant,
    date_trunc('second', later(e.first_mailing_at, -3600 * (1 + draw(s.k, e.experiment || ' lead')))) as assigned_at,
    v.is_mailed,
    v.read_factor,
    v.guide_factor,
    v.video_factor
from subscribers as s
inner join experiments as e on s.signed_up_at < e.first_mailing_at - interval 2 hour
inner join variants as v
    on
        e.experiment = v.experiment
        and draw(s.k, e.experiment || ' arm') >= v.share_from
        and draw(s.k, e.experiment || ' arm') < v.share_to;
