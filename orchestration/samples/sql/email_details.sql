-- A delivery with everything that its payload may show: what the renderings of the ESPs have in common.
create view email_details as
with equipped as (
    select
        e.*,
        s.k as subscriber_k,
        s.domain,
        s.provider,
        -- One in a hundred is written as its owner once typed it.
        case when draw(e.k, 'spelling') < 0.01 then replace(s.email, 'reader', 'Reader') else s.email end as email,
        case
            when e.event not in ('open', 'click', 'group_unsubscribe', 'group_resubscribe') then null
            when e.class in ('mpp_flagged', 'mpp_unflagged', 'mpp_person') then 'apple_proxy'
            when e.class = 'prefetch' then 'gmail_proxy'
            when e.actor = 'machine' then s.scanner_agent
            when e.event = 'open' and s.provider in ('gmail', 'yahoo') then s.provider || '_proxy'
            else device_of(e.message_k, s.k, s.device) || case e.event when 'open' then '_mail' else '_browser' end
        end as agent
    from email_deliveries as e
    inner join subscribers as s on e.subscriber_no = s.subscriber_no
)

select
    e.* exclude (variant),
    m.kind,
    m.campaign_id,
    m.campaign_name,
    m.stream,
    m.subject,
    m.category_1,
    case when x.in_payload and e.variant is not null then m.experiment end as experiment,
    case when x.in_payload then e.variant end as variant,
    l.path,
    l.position,
    g.user_agent,
    g.platform,
    g.client_name,
    g.client_company,
    g.client_family,
    g.system_name,
    g.system_company,
    g.system_family,
    '192.0.2.' || cast(1 + (e.message_k & 63) as varchar) as server_address,
    case
        when e.agent is null then null
        when e.agent = 'apple_proxy' and (e.class = 'mpp_flagged' or draw(e.k, 'network') < 0.6)
            then format('17.58.{}.{}', (e.k >> 8) & 255, e.k & 255)
        when e.agent like '%_proxy' then format('198.51.100.{}', 200 + (e.k & 31))
        -- A scanner has a few addresses, and takes one of them for all that it does to a message.
        when e.actor = 'machine'
            then format('203.0.113.{}', 128 + (((hash(e.domain) & 127) + 5 * (e.message_k & 3)) & 127))
        -- An office goes out by one address, and most of its people by that.
        when e.provider = 'corporate' and draw(e.message_k, 'at the office') < 0.6
            then format('198.51.100.{}', 128 + (hash(e.domain) & 63))
        else address_of(key_of(e.subscriber_k, e.agent))
    end as address
from equipped as e
inner join mailings as m on e.mailing_no = m.mailing_no
left join experiments as x on m.experiment = x.experiment
left join links as l on e.mailing_no = l.mailing_no and e.link_no = l.link_no
left join agents as g on e.agent = g.agent;
