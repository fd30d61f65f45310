-- The spine for SendGrid as one would write it by hand for these very exports: the yardstick of `test_spine_speed.py`.
--
-- Belongs here: plain DuckDB SQL, as fast as we know how to write it. It may take for granted what the sample exports
-- hold to (one time zone, one spelling of each field, retries that repeat their payload, no orders) and takes no
-- precaution against anything else. Who is a machine it is told. Does not belong here: anything of the pipeline's own
-- SQL.
--
-- The caller sets the variables `landing` and `seeds` (folders), `verdicts` (a Parquet file of event_key, actor and
-- class), `now`, and the two pads of the subscriber key, makes the table `exports (path, export_id)` and, of what it
-- finds in `agents`, the table `user_agents (user_agent, device_type, email_client)`. A line `-- step: name` begins a
-- step.

-- step: records
create table raw_sendgrid (export_id varchar, position bigint, record varchar);

insert into raw_sendgrid
with
lines as (
    select filename, row_number() over () as line, cast(json as varchar) as record
    from read_json_objects(getvariable('landing') || '/sendgrid/**/*.*json*', filename = true, maximum_object_size = 134217728)
),
placed as (
    select filename, row_number() over (partition by filename order by line) as position, record from lines
)
select exports.export_id, placed.position, placed.record
from placed inner join exports on placed.filename = exports.path;

-- Logs hold one webhook body, an array, per line. Every record of this vendor begins with its address.
insert into raw_sendgrid
with
bodies as (
    select
        filename,
        row_number() over () as line,
        string_split(
            replace(cast(json as varchar)[2:-2], '},{"email":', '}' || chr(1) || '{"email":'), chr(1)
        ) as records
    from read_json_objects(getvariable('landing') || '/sendgrid/**/*.log*', filename = true, format = 'newline_delimited')
),
placed as (
    select filename, records, sum(len(records)) over (partition by filename order by line) - len(records) as skipped
    from bodies
)
select exports.export_id, placed.skipped + generate_subscripts(placed.records, 1), unnest(placed.records)
from placed inner join exports on placed.filename = exports.path;

-- step: people and agents
set preserve_insertion_order = false;

create temp table named as
select email, user_agent
from (select unnest(from_json(record, '{"email": "VARCHAR", "useragent": "VARCHAR"}')) from raw_sendgrid) as parsed (email, user_agent)
group by all;

create table identities as
with emails as (
    select distinct lower(trim(email)) as email from named
    union
    select distinct lower(trim(email)) from read_csv(getvariable('landing') || '/assignments/*.csv')
)
select
    email,
    sha256(getvariable('outer_pad') || unhex(sha256(getvariable('inner_pad') || encode(email)))) as subscriber_key,
    split_part(email, '@', 2) as recipient_domain
from emails where email is not null;

create temp table agents as
select distinct user_agent from named where user_agent <> '';

-- step: canonical events
create table email_events as
with
providers as (select * from read_csv(getvariable('seeds') || '/mailbox_providers.csv')),
recipients as (
    select identities.*, coalesce(providers.mailbox_provider, 'other') as mailbox_provider
    from identities left join providers on identities.recipient_domain = providers.domain
),
sent_records as (
    select
        export_id,
        position,
        from_json(record, '{
            "email": "VARCHAR", "timestamp": "BIGINT", "event": "VARCHAR", "sg_event_id": "VARCHAR",
            "sg_message_id": "VARCHAR", "smtp-id": "VARCHAR", "campaign_id": "VARCHAR", "campaign_name": "VARCHAR",
            "experiment": "VARCHAR", "variant": "VARCHAR", "url": "VARCHAR",
            "url_offset": {"index": "INTEGER", "type": "VARCHAR"}, "sg_content_type": "VARCHAR",
            "sg_machine_open": "BOOLEAN", "useragent": "VARCHAR", "type": "VARCHAR", "reason": "VARCHAR",
            "response": "VARCHAR"
        }') as event,
        md5('sendgrid' || chr(31) || 'id' || chr(31) || struct_extract(event, 'sg_event_id')) as event_key
    from raw_sendgrid
),
verdicts as (select event_key, actor, class from read_parquet(getvariable('verdicts')))
select
    sent_records.event_key,
    export_id,
    position,
    1 as part,
    recipients.subscriber_key,
    md5(
        'sendgrid' || chr(31)
        || coalesce(split_part(event.sg_message_id, '.filter', 1), 'campaign:' || event.campaign_id)
        || chr(31) || recipients.subscriber_key
    ) as message_key,
    'sendgrid' as esp,
    case event.event
        when 'processed' then 'sent' when 'delivered' then 'delivered' when 'open' then 'opened'
        when 'click' then 'clicked' when 'deferred' then 'deferred' when 'bounce' then 'bounced'
        when 'dropped' then 'dropped' when 'spamreport' then 'complained' when 'unsubscribe' then 'unsubscribed'
        when 'group_unsubscribe' then 'unsubscribed' when 'group_resubscribe' then 'resubscribed' else 'other'
    end as event_type,
    case event.event
        when 'open' then event.sg_content_type when 'click' then event.url_offset.type
        when 'deferred' then 'delayed' when 'bounce' then if(event.type = 'blocked', 'block', 'hard')
        when 'unsubscribe' then 'global' when 'group_unsubscribe' then 'group' when 'group_resubscribe' then 'group'
        when 'spamreport' then 'fbl'
        when 'dropped' then case
            when lower(event.reason) like 'bounced address%' then 'bounced_address'
            when lower(event.reason) like 'unsubscribed address%' then 'unsubscribed'
            when lower(event.reason) like 'spam reporting address%' then 'spam_reporting'
            when lower(event.reason) like 'invalid%' then 'invalid'
            else 'policy'
        end
    end as event_subtype,
    event.event as raw_event_type,
    coalesce(verdicts.actor, 'human') as actor,
    event.sg_machine_open as is_machine,
    if(event.sg_machine_open is null, 'none', 'esp_flag:sg_machine_open') as machine_basis,
    event.campaign_id,
    event.campaign_name,
    event.experiment,
    event.variant,
    null::varchar as message_stream,
    recipients.recipient_domain,
    recipients.mailbox_provider,
    split_part(event.url, '?', 1) as url,
    nullif(split_part(event.url, '?', 2), '') as url_query,
    event.url_offset.index as link_position,
    if(
        verdicts.class in ('machine_mpp', 'machine_prefetch', 'proxy_human', 'unknown'), 'unknown', user_agents.device_type
    ) as device_type,
    user_agents.email_client,
    if(event.event = 'bounce', if(event.type = 'blocked', 'soft', 'hard'), null) as bounce_type,
    case when event.event <> 'delivered' then coalesce(event.reason, event.response) end as reason,
    null::double as read_seconds,
    null::varchar as order_id,
    null::decimal(18, 4) as revenue,
    null::varchar as currency,
    make_timestamp(event.timestamp * 1000000) as occurred_at,
    null::timestamp as sent_at
from sent_records
left join recipients on lower(trim(event.email)) = recipients.email
left join user_agents on event.useragent = user_agents.user_agent
left join verdicts on sent_records.event_key = verdicts.event_key;

-- A retry repeats its payload: the first of it stands.
delete from email_events
where rowid in (
    with repeated as (select event_key from email_events group by event_key having count(*) > 1)
    select row from (
        select rowid as row, row_number() over (partition by event_key order by export_id, position) as repetition
        from email_events semi join repeated using (event_key)
    )
    where repetition > 1
);

-- A bounce that names no message is the newest message's of the seven days before it.
update email_events
set message_key = adopted.message_key
from (
    with
    orphans as (
        select e.event_key, e.subscriber_key, e.occurred_at
        from email_events as e
        inner join raw_sendgrid as r using (export_id, position)
        where e.event_type in ('bounced', 'complained', 'unsubscribed') and not contains(r.record, '"sg_message_id"')
    ),
    messages as (
        select subscriber_key, message_key, min(occurred_at) as sent_at
        from email_events semi join orphans using (subscriber_key)
        where event_type in ('sent', 'deferred', 'delivered', 'opened', 'clicked', 'bounced')
        and event_key not in (select event_key from orphans)
        group by all
    )
    select distinct on (o.event_key) o.event_key, m.message_key
    from orphans as o inner join messages as m
        on o.subscriber_key = m.subscriber_key
        and o.occurred_at >= m.sent_at and o.occurred_at <= m.sent_at + interval 7 day
    order by o.event_key, m.sent_at desc, m.message_key
) as adopted
where email_events.event_key = adopted.event_key;

-- step: fct_messages
create table fct_messages as
with
-- What the campaigns file says first and what it says later agree on the experiment.
declared as (
    select campaign_id, min(experiment) as experiment
    from read_csv(getvariable('landing') || '/campaigns/*.csv', all_varchar = true)
    group by campaign_id
),
arms as (
    select identities.subscriber_key, experiment, min(variant) as variant
    from read_csv(getvariable('landing') || '/assignments/*.csv', all_varchar = true) as assignments
    inner join identities on lower(trim(assignments.email)) = identities.email
    group by all having min(variant) = max(variant)
),
gathered as (
    select
        message_key,
        any_value(subscriber_key) as subscriber_key,
        any_value(recipient_domain) as recipient_domain,
        any_value(mailbox_provider) as mailbox_provider,
        coalesce(min(campaign_id), '') as campaign_id,
        min(experiment) as experiment,
        min(variant) as variant,
        count(*) filter (event_type = 'opened') as opens,
        count(*) filter (event_type = 'opened' and actor = 'human') as human_opens,
        count(*) filter (event_type = 'opened' and actor = 'machine') as machine_opens,
        count(*) filter (event_type = 'clicked') as clicks,
        count(*) filter (event_type = 'clicked' and actor = 'human') as human_clicks,
        count(*) filter (event_type = 'dropped') as drops,
        min(occurred_at) filter (event_type = 'sent') as accepted_at,
        min(occurred_at) filter (
            event_type in ('deferred', 'delivered', 'bounced', 'opened', 'clicked')
        ) as attempted_at,
        min(occurred_at) filter (event_type = 'delivered') as first_delivered_at,
        max(occurred_at) filter (event_type = 'delivered') as last_delivered_at,
        min(occurred_at) filter (event_type = 'bounced') as first_bounced_at,
        max(occurred_at) filter (event_type = 'bounced') as last_bounced_at,
        min(occurred_at) filter (bounce_type = 'hard') as first_hard_bounced_at,
        min(occurred_at) filter (event_type = 'complained') as complained_at,
        min(occurred_at) filter (event_type = 'unsubscribed') as unsubscribed_at,
        min(occurred_at) filter (event_type = 'opened') as first_opened_at,
        min(occurred_at) filter (event_type = 'opened' and actor = 'human') as human_first_opened_at,
        min(occurred_at) filter (event_type = 'clicked' and actor = 'human') as human_first_clicked_at,
        max(occurred_at) filter (event_type in ('opened', 'clicked') and actor = 'human') as human_last_engaged_at
    from email_events
    where message_key is not null
    group by message_key
),
settled as (
    select
        *,
        coalesce(last_delivered_at, human_last_engaged_at) as last_arrived_at,
        coalesce(last_bounced_at < last_arrived_at, last_arrived_at is not null and last_bounced_at is null) as is_delivered,
        md5('sendgrid' || chr(31) || campaign_id) as campaign_key
    from gathered
    where attempted_at is not null or (accepted_at is not null and drops = 0)
),
newest_engagements as (
    select distinct on (message_key) message_key, device_type, email_client
    from email_events
    where event_type in ('opened', 'clicked') and actor = 'human' and message_key is not null
    order by message_key, occurred_at desc, event_key
)
select
    settled.message_key,
    settled.subscriber_key,
    settled.campaign_key,
    coalesce(settled.variant, arms.variant, '') as variant,
    'sendgrid' as esp,
    coalesce(settled.mailbox_provider, 'unknown') as mailbox_provider,
    least(settled.accepted_at, settled.attempted_at) as sent_at,
    case
        when not settled.is_delivered then null
        when settled.last_bounced_at is null and settled.first_delivered_at is not null then settled.first_delivered_at
        when settled.last_delivered_at is not null then settled.last_delivered_at
        else least(settled.human_first_opened_at, settled.human_first_clicked_at)
    end as delivered_at,
    coalesce(settled.first_hard_bounced_at, settled.first_bounced_at) as bounced_at,
    case
        when settled.first_hard_bounced_at is not null then 'hard'
        when settled.first_bounced_at is not null then 'soft'
    end as bounce_type,
    settled.complained_at,
    settled.unsubscribed_at,
    settled.first_opened_at,
    settled.human_first_opened_at,
    settled.human_first_clicked_at,
    null::timestamp as converted_at,
    settled.opens,
    settled.human_opens,
    settled.clicks,
    settled.human_clicks,
    settled.opens > 0 and settled.human_opens = 0 as machine_only_open,
    null::double as read_seconds,
    null::varchar as read_band,
    coalesce(newest_engagements.device_type, 'unknown') as device_type,
    newest_engagements.email_client,
    null::decimal(18, 2) as revenue,
    coalesce(settled.experiment, declared.experiment) as experiment,
    settled.machine_opens,
    settled.clicks - settled.human_clicks as machine_clicks,
    0::bigint as conversions
from settled
left join declared on settled.campaign_id = declared.campaign_id
left join arms
    on coalesce(settled.experiment, declared.experiment) = arms.experiment
    and settled.subscriber_key = arms.subscriber_key
left join newest_engagements on settled.message_key = newest_engagements.message_key;

-- step: fct_micro_conversions
create table fct_micro_conversions as
with
inventory as (
    select campaign_id, url_pattern, element, content_category
    from read_csv(getvariable('landing') || '/links/*.csv', all_varchar = true)
    union all
    select campaign_id, url_pattern, element, content_category
    from read_json(getvariable('landing') || '/links/*.ndjson', columns = {
        campaign_id: 'VARCHAR', url_pattern: 'VARCHAR', element: 'VARCHAR', content_category: 'VARCHAR'
    })
),
human as (
    select
        events.event_key, events.event_type, events.subscriber_key, events.message_key, events.url,
        events.device_type, events.email_client, events.occurred_at,
        messages.campaign_key, messages.variant, messages.delivered_at, events.campaign_id
    from email_events as events
    left join fct_messages as messages on events.message_key = messages.message_key
    where events.event_type in ('opened', 'clicked') and events.actor = 'human'
),
links as (select distinct campaign_id, campaign_key, url from human where event_type = 'clicked' and campaign_key is not null),
-- A regular expression is compiled for each comparison: each address meets the patterns of its own campaign only.
matches as (
    select links.*, inventory.element, inventory.content_category, inventory.url_pattern, 0 as is_of_any_campaign
    from links inner join inventory on links.campaign_id = inventory.campaign_id
    where regexp_matches(links.url, inventory.url_pattern)
    union all
    select links.*, inventory.element, inventory.content_category, inventory.url_pattern, 1
    from links cross join inventory
    where inventory.campaign_id is null and regexp_matches(links.url, inventory.url_pattern)
),
described as (
    select distinct on (campaign_key, url) campaign_key, url, element, content_category
    from matches
    order by campaign_key, url, is_of_any_campaign, length(url_pattern) desc, url_pattern
),
keyed_links as (
    select
        links.campaign_key,
        links.url,
        md5(links.campaign_key || chr(31) || links.url) as link_key,
        described.element,
        described.content_category,
        regexp_matches(
            links.url,
            '(?i)[.](pdf|docx?|xlsx?|pptx?|od[tsp]|rtf|csv|epub|mobi|ics|zip|gz|tgz|7z|rar|dmg|exe|msi|apk)$'
        ) as is_download,
        regexp_matches(links.url, '(?i)^mailto:') as is_info_request
    from links left join described on links.campaign_key = described.campaign_key and links.url = described.url
),
linked as (
    select human.*, keyed_links.* exclude (campaign_key, url)
    from human
    left join keyed_links
        on human.campaign_key = keyed_links.campaign_key and human.url = keyed_links.url  -- an open has no address
),
conversions as (
    select 'open' as micro_conversion, 'open' as family, 1 as stage, * from linked where event_type = 'opened'
    union all
    select 'click', 'click', 2, * from linked where event_type = 'clicked'
    union all
    select 'download', 'download', 3, * from linked where is_download
    union all
    select 'info_request', 'info_request', 3, * from linked where is_info_request
)
select
    md5(micro_conversion || chr(31) || event_key) as micro_conversion_key,
    micro_conversion,
    subscriber_key,
    message_key,
    campaign_key,
    coalesce(variant, '') as variant,
    link_key,
    content_category,
    element,
    occurred_at,
    (epoch_us(occurred_at) - epoch_us(delivered_at)) // 1000000 as seconds_since_delivery,
    device_type,
    email_client,
    null::decimal(18, 2) as value,
    family,
    stage,
    false as is_macro,
    event_key
from conversions;

-- step: campaign_funnel
create table campaign_funnel as
with
messages as (
    select
        message_key, campaign_key, variant, sent_at, sent_at + interval 14 day as ends_at,
        if(delivered_at <= sent_at + interval 14 day, delivered_at, null) as delivered_at
    from fct_messages
),
engaged as (
    select
        message_key,
        any_value(ends_at) as ends_at,
        min(occurred_at) as opened_at,
        min(occurred_at) filter (micro_conversion = 'click') as clicked_at
    from fct_micro_conversions as facts inner join messages using (message_key)
    where stage < 3 and occurred_at between messages.delivered_at and messages.ends_at
    group by message_key
),
deeply_converted as (
    select message_key, min(facts.occurred_at) as deep_converted_at
    from fct_micro_conversions as facts inner join engaged using (message_key)
    where facts.stage = 3 and facts.occurred_at between engaged.clicked_at and engaged.ends_at
    group by message_key
),
progress as (
    select messages.*, engaged.opened_at, engaged.clicked_at, deeply_converted.deep_converted_at
    from messages
    left join engaged using (message_key)
    left join deeply_converted using (message_key)
),
campaigns as (
    select
        campaign_key,
        variant,
        max(sent_at) as last_sent_at,
        [count(*), count(delivered_at), count(opened_at), count(clicked_at), count(deep_converted_at), 0] as reached,
        [
            null,
            median((epoch_us(delivered_at) - epoch_us(sent_at)) / 1e6),
            median((epoch_us(opened_at) - epoch_us(delivered_at)) / 1e6),
            median((epoch_us(clicked_at) - epoch_us(opened_at)) / 1e6),
            median((epoch_us(deep_converted_at) - epoch_us(clicked_at)) / 1e6),
            null
        ] as waits,
        [
            null,
            avg(((epoch_us(delivered_at) - epoch_us(sent_at)) / 1e6)::decimal(18, 6)),
            avg(((epoch_us(opened_at) - epoch_us(delivered_at)) / 1e6)::decimal(18, 6)),
            avg(((epoch_us(clicked_at) - epoch_us(opened_at)) / 1e6)::decimal(18, 6)),
            avg(((epoch_us(deep_converted_at) - epoch_us(clicked_at)) / 1e6)::decimal(18, 6)),
            null
        ] as mean_waits
    from progress group by all
),
steps as (
    select
        campaign_key, variant, last_sent_at, number::integer as step_number,
        ['sent', 'delivered', 'open', 'click', 'deep_micro_conversion', 'macro_conversion'][number] as step,
        reached[number] as x,
        reached[number - 1] as n,
        reached[1] as sent,
        waits[number] as wait,
        mean_waits[number] as mean_wait,
        1.959963984540054 as z
    from campaigns cross join unnest(range(1, 7)) as numbers (number)
)
select
    campaign_key,
    variant,
    step,
    step_number,
    x as messages,
    x / nullif(n, 0) as step_rate,
    case when n > 0 then if(x = 0, 0, (x + z * z / 2 - z * sqrt(x * (n - x) / n + z * z / 4)) / (n + z * z)) end as step_rate_lo,
    case when n > 0 then if(x = n, 1, (x + z * z / 2 + z * sqrt(x * (n - x) / n + z * z / 4)) / (n + z * z)) end as step_rate_hi,
    x / nullif(sent, 0) as overall_rate,
    wait as median_seconds_from_previous,
    last_sent_at + interval 14 day < getvariable('now') as is_closed,
    n as previous_messages,
    sent,
    n - x as dropped_off,
    mean_wait as mean_seconds_from_previous
from steps;
