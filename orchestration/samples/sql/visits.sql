-- One row per visit to the shop: after a click, by a subscriber of their own accord, or by somebody unknown.
create table visits as
with clicked as (
    select
        c.click_k as k,
        c.subscriber_no,
        c.mailing_no,
        c.k as message_k,
        c.path,
        c.element,
        c.content_category,
        later(c.clicked_at, 1 + 3 * draw(c.click_k, 'landing')) as visited_at,
        case when c.path like '/account/%' or c.path = '/preferences' then 0 else 1 end as is_shopping
    from human_clicks as c
    where not c.is_repeat
),

organic_weeks as (
    select
        s.subscriber_no,
        w.week,
        key_of(s.k, 'organic week ' || cast(w.week as varchar)) as k
    from subscribers as s
    cross join (
        select range as week from range(0, cast(ceil(window_seconds() / 604800.0) as bigint))
    ) as w
    where draw(key_of(s.k, 'organic week ' || cast(w.week as varchar)), 'visit') < 0.05 + 0.03 * s.intent
),

organic as (
    select
        o.k,
        o.subscriber_no,
        s.interest_1 as content_category,
        s.signed_up_at,
        later(starts_at(), 604800 * (o.week + draw(o.k, 'moment'))) as visited_at
    from organic_weeks as o
    inner join subscribers as s on o.subscriber_no = s.subscriber_no
),

unknown as (
    select nth_key(range, 'unknown visitor') as k
    from range(1, subscriber_count() + 1)
),

every_visit as (
    select
        k, 'mail' as origin, subscriber_no, mailing_no, message_k, path, element, content_category,
        visited_at, is_shopping
    from clicked
    union all
    select k, 'organic', subscriber_no, null, null, '/' || content_category, null, content_category, visited_at, 1
    from organic
    where visited_at >= signed_up_at
    union all
    select
        k, 'unknown', null, null, null, '/' || pick_category(draw(k, 'category')), null,
        pick_category(draw(k, 'category')),
        later(starts_at(), window_seconds() * draw(k, 'moment')), 1
    from unknown
)

select
    v.*,
    coalesce(s.intent, 0) as intent,
    s.email,
    case when s.has_account then format('user-{:06}', s.subscriber_no) end as account_id,
    -- One visit in seven comes from another browser.
    case
        when v.subscriber_no is null then uuid_of(key_of(v.k, 'browser'))
        when draw(v.k, 'browser') < 0.14 then uuid_of(key_of(s.k, 'second browser'))
        else s.anonymous_id
    end as anonymous_id,
    case
        when v.subscriber_no is null then pick_device(draw(v.k, 'device'))
        when v.origin = 'mail' then device_of(v.message_k, s.k, s.device)
        else s.device
    end || '_browser' as agent,
    coalesce(s.has_account, false) and draw(v.k, 'logs in') < 0.45 as is_logged_in,
    m.campaign_id,
    m.campaign_name,
    m.esp,
    -- How the page knows the mail that led to it: by the message, by the campaign, or not at all.
    case
        when v.origin <> 'mail' then 'none'
        when draw(v.k, 'reference') < 0.55 then 'message'
        when draw(v.k, 'reference') < 0.85 then 'campaign'
        else 'none'
    end as reference,
    coalesce(v.element = 'guide' and draw(v.k, 'download') < 0.72, false) as downloads,
    cast(case
        when v.element = 'video' then draw_between(v.k, 'engaged', 2, 25) else draw_between(v.k, 'engaged', 4, 240)
    end as integer) as engaged_seconds
from every_visit as v
left join subscribers as s on v.subscriber_no = s.subscriber_no
left join mailings as m on v.mailing_no = m.mailing_no
where v.visited_at < ends_at();

-- One row per order. The planted driver is here: a download adds to the probability, a video never does.
create table orders as
with decided as (
    select
        *,
        draw(k, 'order') < case
            when is_shopping = 0 or element = 'video' or origin = 'unknown' then 0
            when origin = 'organic' then order_after_organic_visit() * intent
            else order_after_visit() * intent + case when downloads then driver_effect() else 0 end
        end as is_bought
    from visits
)

select
    d.k,
    format('ORD-{:016X}', key_of(d.k, 'order number')) as order_id,
    d.subscriber_no,
    d.email,
    d.origin,
    d.mailing_no,
    d.downloads,
    d.account_id,
    d.anonymous_id,
    d.agent,
    later(d.visited_at, draw_between(d.k, 'decision', 90, 200000)) as ordered_at,
    cast(round(52 * exp(0.7 * draw_normal(d.k, 'basket')), 2) as decimal(18, 2)) as revenue,
    'USD' as currency,
    case
        when draw(d.k, 'refund') < 0.06
            then later(
                d.visited_at, draw_between(d.k, 'decision', 90, 200000) + draw_between(d.k, 'return', 86400, 1000000)
            )
    end as refunded_at,
    case when draw(d.k, 'refund') < 0.02 then 0.5 else 1.0 end as refunded_share
from decided as d
inner join subscribers as s on d.subscriber_no = s.subscriber_no
where d.is_bought;
