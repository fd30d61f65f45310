-- One row per event that an ESP reports, once each: how often and in which file it is delivered comes later.
create table email_events as
with scanned as (
    select
        m.*,
        l.link_no,
        l.is_hidden,
        m.scanner = 'burst' and draw(m.k, 'slow burst') < slow_burst_share() as is_slow,
        count(*) over (partition by m.mailing_no, m.subscriber_no) as links,
        row_number() over (
            partition by m.mailing_no, m.subscriber_no
            order by l.is_hidden, draw(key_of(m.k, 'scan order'), cast(l.link_no as varchar)), l.link_no
        ) as turn
    from messages as m
    inner join links as l on m.mailing_no = l.mailing_no
    where m.scanned_at is not null
),

followed as (
    select
        *,
        later(
            scanned_at,
            draw(key_of(k, 'burst'), cast(link_no as varchar))
            * case when is_slow then draw_between(k, 'slowness', 3, 25) else 0.9 end
        ) as clicked_at
    from scanned
    where
        turn <= case
            when scanner = 'two' then 2
            when scanner = 'single' then 1
            when is_slow then greatest(2, round(links * draw_between(k, 'coverage', 0.4, 1)))
            else links
        end
),

happened as (
    -- delivery
    select
        mailing_no, subscriber_no, k,
        'processed' as event, null as detail, null as link_no, 0 as ordinal, sent_at as occurred_at,
        'system' as actor, 'delivery' as class
    from messages
    where esp = 'sendgrid' and fate <> 'dropped'
    union all
    select
        mailing_no, subscriber_no, k,
        'dropped', drop_reason, null, 0, sent_at,
        'system', 'delivery'
    from messages
    where fate = 'dropped'
    union all
    select
        mailing_no, subscriber_no, k,
        'deferred', 'deferred', null, 0, deferred_at,
        'system', 'delivery'
    from messages
    where deferred_at is not null
    union all
    select
        mailing_no, subscriber_no, k,
        'delivered', null, null, 0, settled_at,
        'system', 'delivery'
    from messages
    where fate = 'delivered'
    union all
    -- SendGrid knows no soft bounce: what it gives up on is blocked.
    select
        mailing_no, subscriber_no, k,
        'bounce', case when esp = 'sendgrid' and fate = 'soft' then 'blocked' else fate end, null, 0, settled_at,
        'system', 'delivery'
    from messages
    where fate in ('hard', 'soft', 'blocked')
    union all
    -- A server that accepts a message and returns it hours later.
    select
        mailing_no, subscriber_no, k,
        'bounce', 'late', null, 1, later(settled_at, 7200 + 20000 * draw(k, 'return')),
        'system', 'delivery'
    from messages
    where esp = 'sendgrid' and fate = 'delivered' and read_at is null and draw(k, 'returned') < 0.0005
    union all
    -- people
    select
        mailing_no, subscriber_no, k,
        'open', null, null, 0, read_at,
        'human', 'human'
    from messages
    where is_open_seen
    union all
    select
        mailing_no, subscriber_no, k,
        'open', null, null, 1, later(read_at, draw_between(k, 'second open', 40, 400000)),
        'human', 'human'
    from messages
    where is_open_seen and draw(k, 'opens') < 0.28
    union all
    select
        mailing_no, subscriber_no, k,
        'open', null, null, 2, later(read_at, draw_between(k, 'third open', 90, 900000)),
        'human', 'human'
    from messages
    where is_open_seen and draw(k, 'opens') < 0.09
    union all
    select
        mailing_no, subscriber_no, k,
        'click', null, link_no, case when is_repeat then 1 else 0 end, clicked_at,
        'human', case when clicked_at < settled_at + interval 60 second then 'fast_human' else 'human' end
    from human_clicks
    union all
    select
        mailing_no, subscriber_no, k,
        case when leaves_group_only then 'group_unsubscribe' else 'unsubscribe' end, null, null, 0, unsubscribed_at,
        'human', 'human'
    from messages
    where unsubscribed_at is not null
    union all
    select
        mailing_no, subscriber_no, k,
        'group_resubscribe', null, null, 0, returned_at,
        'human', 'human'
    from messages
    where returned_at is not null
    union all
    select
        mailing_no, subscriber_no, k,
        'spamreport', null, null, 0, complained_at,
        'human', 'human'
    from messages
    where complained_at is not null
    union all
    -- machines
    select
        mailing_no, subscriber_no, k,
        'open', case when is_proxy_flagged then 'flagged' else 'unflagged' end, null, 3, proxied_at,
        'machine', case when is_proxy_flagged then 'mpp_flagged' else 'mpp_unflagged' end
    from messages
    where proxied_at is not null
    union all
    -- A person behind the proxy opens again, and this time it is seen; by whom, the proxy does not say.
    select
        mailing_no, subscriber_no, k,
        'open', 'unflagged', null, 5, proxied_read_at,
        'human', 'mpp_person'
    from messages
    where proxied_read_at is not null
    union all
    select
        mailing_no, subscriber_no, k,
        'open', 'prefetch', null, 6, prefetched_at,
        'machine', 'prefetch'
    from messages
    where prefetched_at is not null
    union all
    select
        mailing_no, subscriber_no, k,
        'open', 'scanner', null, 4, scanned_at,
        'machine', 'scanner_' || scanner
    from messages
    where scanned_at is not null and draw(k, 'scanner opens') < 0.3
    union all
    select
        mailing_no, subscriber_no, k,
        'click', 'scanner', link_no, 2, clicked_at,
        'machine', 'scanner_' || scanner
    from followed
)

select
    -- keys
    h.mailing_no,
    h.subscriber_no,
    h.k as message_k,
    key_of(h.k, concat_ws(' ', h.event, coalesce(h.link_no, 0), h.ordinal)) as k,
    -- attributes
    cast(m.esp as email_source) as source,
    a.variant,
    cast(h.event as email_event) as event,
    h.detail,
    h.link_no,
    h.ordinal,
    -- hidden
    cast(h.actor as actor) as actor,
    cast(h.class as class) as class,
    -- times
    case when m.esp = 'sendgrid' then date_trunc('second', h.occurred_at) else h.occurred_at end as occurred_at
from happened as h
inner join mailings as m on h.mailing_no = m.mailing_no
left join assignments as a on m.experiment = a.experiment and h.subscriber_no = a.subscriber_no
where h.occurred_at < ends_at();

