{#- A domain that few people share would name them. -#}
{%- set least_subscribers = 20 -%}
with

events as (

    select
        recipient_domain,
        cast(occurred_at as date) as day_on,
        event_type,
        actor,
        leading_reason
    from {{ ref('int_event_actors') }}

),

secrets as (

    select max(value) as secret
    from {{ source('restricted', 'secrets') }}
    where name = 'networks'

),

shared_domains as (

    select recipient_domain
    from {{ source('restricted', 'subscriber_identities') }}
    where recipient_domain is not null
    group by recipient_domain
    having count(distinct subscriber_key) >= {{ least_subscribers }}

),

days as (

    select
        recipient_domain,
        day_on,
        count(case when event_type = 'opened' then 1 end) as opens,
        count(case when event_type = 'opened' and actor = 'machine' then 1 end) as machine_opens,
        count(case when event_type = 'opened' and actor = 'unknown' then 1 end) as unknown_opens,
        count(case when event_type = 'clicked' then 1 end) as clicks,
        count(case when event_type = 'clicked' and actor = 'machine' then 1 end) as machine_clicks
    from events
    group by recipient_domain, day_on

),

reasons as (

    select
        recipient_domain,
        day_on,
        leading_reason,
        row_number() over (
            partition by recipient_domain, day_on
            order by count(*) desc, leading_reason asc
        ) as frequency_rank
    from events
    where
        actor = 'machine'
        and leading_reason is not null
    group by recipient_domain, day_on, leading_reason

),

final as (

    select
        -- keys
        {{ surrogate_key(['secrets.secret', 'days.recipient_domain']) }} as recipient_domain_key,
        shared_domains.recipient_domain,
        days.day_on,

        -- measures, in the contract's order
        days.opens,
        days.machine_opens,
        days.clicks,
        days.machine_clicks,
        days.machine_clicks / nullif(days.clicks, 0) as machine_click_share,
        reasons.leading_reason as top_reason,

        -- beyond the contract
        days.machine_opens / nullif(days.opens, 0) as machine_open_share,
        days.unknown_opens
    from days
    left join shared_domains
        on days.recipient_domain = shared_domains.recipient_domain
    left join reasons
        on
            days.recipient_domain is not distinct from reasons.recipient_domain
            and days.day_on = reasons.day_on
            and reasons.frequency_rank = 1
    cross join secrets

)

select * from final
