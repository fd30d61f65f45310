-- One row per Segment call: what its payload holds beyond the envelope, and how far it says who called.
create table site_calls as
with viewed as (
    -- A page with its query: the message's id stands there where the visit knows it.
    select
        *,
        case
            when reference = 'message' then concat(
                '?mc_mid=', case esp when 'sendgrid' then token_of(message_k) else uuid_of(message_k) end,
                '&utm_medium=email'
            )
            when reference = 'campaign' then '?utm_medium=email&utm_campaign=' || campaign_id
            else ''
        end as search
    from visits
),

visit_calls as (
    select
        *,
        unnest([
            {event: 'Page Viewed', happens: true, seconds: 0.0, properties: '"path":"' || path || '"'},
            {
                event: 'Page Engaged',
                happens: draw(k, 'engages') < 0.68,
                seconds: engaged_seconds,
                properties: '"engaged_seconds":' || cast(engaged_seconds as varchar)
            },
            {
                event: 'Video Watched',
                happens: coalesce(element = 'video', false) and draw(k, 'watches') < 0.85,
                seconds: draw_between(k, 'watching', 30, 200),
                properties: '"video_id":"' || replace(path, '/videos/', '') || '","percent_watched":'
                || cast(cast(100 * pow(draw(k, 'percent'), 0.45) as integer) as varchar)
            },
            {
                event: 'Downloaded Guide',
                happens: downloads,
                seconds: draw_between(k, 'downloading', 5, 60),
                properties: '"file":"' || replace(path, '/guides/', '') || '"'
            },
            {
                event: case when draw(k, 'asks') < 0.4 then 'Demo Requested' else 'Form Submitted' end,
                happens: is_shopping = 1 and draw(k, 'asks for') < 0.035 * intent,
                seconds: draw_between(k, 'asking', 60, 900),
                properties: '"form":"' || content_category || '"'
            },
            {event: null, happens: is_logged_in, seconds: 2.0, properties: null}
        ]) as call
    from viewed
),

happened as (
    -- Who asks for something, or logs in, says who they are.
    select
        k,
        call.event,
        later(visited_at, call.seconds) as occurred_at,
        subscriber_no,
        anonymous_id,
        case when is_logged_in or call.event in ('Demo Requested', 'Form Submitted') then account_id end as user_id,
        case when call.event is null or call.event in ('Demo Requested', 'Form Submitted') then email end as email,
        agent,
        path,
        search,
        case when reference = 'campaign' then campaign_id end as campaign_id,
        case when reference = 'campaign' then campaign_name end as campaign_name,
        call.properties
    from visit_calls
    where call.happens
    union all
    -- One order in ten carries its amount as a total only.
    select
        k, 'Order Completed', ordered_at, subscriber_no, anonymous_id, account_id, email, agent,
        '/checkout/thanks', '', null, null,
        concat(
            '"order_id":"', order_id, '",',
            case when draw(k, 'amount') < 0.9 then concat('"revenue":', revenue, ',') end,
            '"total":', revenue, ',"currency":"', currency, '"'
        )
    from orders
    union all
    select
        k, 'Order Refunded', refunded_at, subscriber_no, anonymous_id, account_id, email, agent,
        '/account/orders', '', null, null,
        concat(
            '"order_id":"', order_id, '","total":', cast(revenue * refunded_share as decimal(18, 2)),
            ',"currency":"', currency, '"'
        )
    from orders
    where refunded_at is not null
    union all
    select
        k, 'Signed Up', signed_up_at, subscriber_no, anonymous_id,
        case when has_account then format('user-{:06}', subscriber_no) end, email, device || '_browser',
        '/welcome', '', null, null,
        '"source":"' || signup_source || '"'
    from subscribers
    where signed_up_at >= starts_at()
)

select
    'segment' as source,
    hash(xor(k, hash(coalesce(event, 'identify')))) as k,
    * exclude (k)
from happened
where occurred_at < ends_at();
