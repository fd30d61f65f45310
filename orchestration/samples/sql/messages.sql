-- One row per message and what becomes of it. First as if nobody ever left the list, then without what was not mailed
-- because the recipient had left it.

create table mailings as
select
    *,
    nth_key(mailing_no, 'mailing') as k,
    -- How well the mailing goes down: log-normal with mean 1, for mailshots.
    case
        when sent_from is null then 1.0
        else exp(appeal_spread() * draw_normal(nth_key(mailing_no, 'mailing'), 'appeal') - pow(appeal_spread(), 2) / 2)
    end as appeal
from declared_mailings;

create table planned as
with addressed as (
    select
        m.mailing_no,
        s.subscriber_no,
        hash(xor(m.k, s.k)) as k,
        case
            when m.sent_from is null then later(s.signed_up_at, m.seconds_after_sign_up)
            when not m.is_staggered then later(m.sent_from, 2400 * draw(hash(xor(m.k, s.k)), 'batch'))
            else later(
                date_trunc('day', m.sent_from),
                3600 * (6 + 17 * draw(hash(xor(m.k, s.k)), 'hour') - c.offset_hours)
            )
        end as sent_at
    from mailings as m
    inner join subscribers as s
        on m.sent_from is null or (s.signed_up_at < m.sent_from and draw(s.k, 'list ' || m.kind) < m.audience)
    inner join clocks as c
        on s.time_zone = c.time_zone and c.day_on = cast(coalesce(m.sent_from, starts_at()) as date)
),

factored as (
    select
        a.mailing_no,
        a.subscriber_no,
        a.k,
        date_trunc('second', a.sent_at) as sent_at,
        m.esp,
        m.kind,
        coalesce(x.guide_factor, 1) as guide_factor,
        coalesce(x.video_factor, 1) as video_factor,
        s.uses_privacy_proxy,
        s.provider,
        s.scanner,
        s.scanned,
        s.address_dead_from is not null and a.sent_at >= s.address_dead_from as is_dead,
        s.click_probability,
        least(
            0.92,
            s.read_probability * read_scale() * m.appeal * m.read_factor * coalesce(x.read_factor, 1)
            -- the hour on the reader's clock: 1 on average over the day's sends
            * (0.55 + 1.7 * exp(-pow(circular_hours(
                (hour(a.sent_at) + c.offset_hours + 24) % 24, s.best_hour
            ), 2) / 8)) / 1.05
            * case
                when m.category_1 is null then 1
                when m.category_1 = s.interest_1 then 1.45
                when m.category_1 = s.interest_2 then 1.2
                else 0.82
            end
            * case when a.sent_at >= s.lapses_at then 0.04 else 1 end
        ) as read_probability
    from addressed as a
    inner join mailings as m on a.mailing_no = m.mailing_no
    inner join subscribers as s on a.subscriber_no = s.subscriber_no
    inner join clocks as c on s.time_zone = c.time_zone and c.day_on = cast(a.sent_at as date)
    left join assignments as x on m.experiment = x.experiment and a.subscriber_no = x.subscriber_no
    where
        a.sent_at >= starts_at()
        and a.sent_at < ends_at()
        and coalesce(x.is_mailed, true)
),

received as (
    select
        *,
        case
            when is_dead then 'hard'
            when draw(k, 'blocked') < 0.003 then 'blocked'
            when draw(k, 'soft') < 0.003 then 'soft'
            else 'delivered'
        end as fate,
        case
            when not is_dead and draw(k, 'deferred') < 0.02 then later(sent_at, 2 + 8 * draw(k, 'deferral'))
        end as deferred_at,
        later(
            sent_at,
            case
                when not is_dead and draw(k, 'deferred') < 0.02 then draw_between(k, 'retry', 300, 5400)
                else 1 + 3 * draw(k, 'transfer')
            end
        ) as settled_at
    from factored
),

read as (
    select
        *,
        case
            when fate = 'delivered' and draw(k, 'read') < read_probability
                then greatest(later(sent_at, open_delay(draw(k, 'open delay'))), later(settled_at, 3))
        end as read_at
    from received
)

select
    -- keys
    mailing_no,
    subscriber_no,
    k,
    -- attributes
    esp,
    kind,
    fate,
    guide_factor,
    video_factor,
    -- what people do
    read_at,
    -- Behind Apple's proxy an open is seen only where the person also reads on another device.
    read_at is not null and draw(k, 'pixel') < case when uses_privacy_proxy then 0.12 else 0.93 end as is_open_seen,
    case
        when read_at is not null and draw(k, 'click') < click_probability
            then case when draw(k, 'clicks') < 0.74 then 1 when draw(k, 'clicks') < 0.93 then 2 else 3 end
        else 0
    end as clicks,
    case
        when read_at is not null and draw(k, 'leave') < 0.009 then later(read_at, draw_between(k, 'leaving', 5, 120))
    end as unsubscribed_at,
    case
        when fate = 'delivered' and draw(k, 'complain') < case when read_at is null then 0.0001 else 0.0015 end
            then later(coalesce(read_at, settled_at), draw_between(k, 'complaining', 30, 86400))
    end as complained_at,
    -- what machines do
    case
        when fate = 'delivered' and uses_privacy_proxy and draw(k, 'proxy') < 0.45
            then later(settled_at, proxy_delay(draw(k, 'proxy delay')))
    end as proxied_at,
    draw(k, 'proxy flag') < 0.8 as is_proxy_flagged,
    -- Of what a person opens behind the proxy, it shows what it had not fetched before or no longer has.
    case
        when read_at is not null and uses_privacy_proxy and draw(k, 'proxied read') < proxied_read_share()
            then later(read_at, draw_between(k, 'proxied reading', 1, 400000))
    end as proxied_read_at,
    case
        when fate = 'delivered' and provider = 'gmail' and draw(k, 'prefetch') < prefetch_share()
            then later(settled_at, draw_between(k, 'prefetching', 1, 9))
    end as prefetched_at,
    case
        when
            fate = 'delivered' and scanner <> 'none' and draw(k, 'scan') < scanned
            then greatest(
                later(
                    sent_at,
                    scan_delay(draw(k, 'scan delay')) * case scanner when 'single' then single_scan_factor() else 1 end
                ),
                later(settled_at, 1)
            )
    end as scanned_at,
    scanner,
    -- times
    sent_at,
    deferred_at,
    settled_at
from read;

-- When a subscriber left the list, for which reason, and when they came back.
create table suppressions as
with departures as (
    select subscriber_no, unsubscribed_at as left_at, 'Unsubscribed Address' as reason, k
    from planned
    where unsubscribed_at is not null
    union all
    select subscriber_no, complained_at, 'Spam Reporting Address', k
    from planned
    where complained_at is not null
    union all
    select subscriber_no, settled_at, 'Bounced Address', k
    from planned
    where fate = 'hard'
),

first_departures as (
    select
        subscriber_no,
        min(left_at) as left_at,
        arg_min(reason, (left_at, k)) as reason,
        arg_min(k, (left_at, k)) as k
    from departures
    group by subscriber_no
)

select
    subscriber_no,
    left_at,
    reason,
    k as message_k,
    case
        when reason = 'Unsubscribed Address' and draw(k, 'return') < 0.15
            then later(left_at, 86400 * draw_between(k, 'returning', 5, 40))
        else timestamp 'infinity'
    end as returned_at
from first_departures;

create table messages as
with dated as (
    select
        p.*,
        q.reason,
        coalesce(q.left_at < p.sent_at, false) as is_dropped,
        coalesce(q.message_k = p.k, false) as ends_subscription,
        q.left_at,
        q.returned_at as subscription_returned_at
    from planned as p
    left join suppressions as q
        on p.subscriber_no = q.subscriber_no and p.sent_at < q.returned_at
)

select
    -- keys
    mailing_no,
    subscriber_no,
    k,
    -- attributes
    esp,
    kind,
    case when is_dropped then 'dropped' else fate end as fate,
    case when is_dropped then reason end as drop_reason,
    guide_factor,
    video_factor,
    -- what people do
    case when not is_dropped then read_at end as read_at,
    not is_dropped and is_open_seen as is_open_seen,
    case when is_dropped then 0 else clicks end as clicks,
    case when ends_subscription and reason = 'Unsubscribed Address' then unsubscribed_at end as unsubscribed_at,
    draw(k, 'unsubscribe scope') < 0.5 as leaves_group_only,
    case when ends_subscription and isfinite(subscription_returned_at) then subscription_returned_at end as returned_at,
    case when ends_subscription and reason = 'Spam Reporting Address' then complained_at end as complained_at,
    -- what machines do
    case when not is_dropped then proxied_at end as proxied_at,
    case when not is_dropped then proxied_read_at end as proxied_read_at,
    case when not is_dropped then prefetched_at end as prefetched_at,
    is_proxy_flagged,
    case when not is_dropped then scanned_at end as scanned_at,
    scanner,
    -- times
    sent_at,
    case when not is_dropped then deferred_at end as deferred_at,
    settled_at
from dated
-- Whoever left is mailed no more, but for what SendGrid was still asked to send, and dropped, in the days after.
where not is_dropped or (esp = 'sendgrid' and sent_at < left_at + interval 8 day);

drop table planned;
