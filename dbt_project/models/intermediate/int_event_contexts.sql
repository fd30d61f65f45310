{#- The signals that more than an event's own message tells of, each with the condition under which it holds. -#}
{%- set signals = {
    'coverage': 'covers_links',
    'no_agent': 'lacks_agent',
    'domain_scans_most': "domain_scans = 'most'",
    'domain_scans_half': "domain_scans = 'half'",
    'domain_scans_some': "domain_scans = 'some'",
    'shared_source': 'shares_source',
} -%}
with

opens_and_clicks as (

    select * from {{ ref('int_opens_and_clicks') }}

),

clicks as (

    select * from {{ ref('int_opens_and_clicks') }}
    where event_type = 'clicked'

),

surroundings as (

    select * from {{ ref('int_click_surroundings') }}

),

clicked_links as (

    select * from {{ ref('int_clicked_links') }}

),

domains as (

    select * from {{ ref('int_domain_scans') }}

),

-- A link of every campaign may be missing in one: only what is declared for a campaign is surely in its messages.
declared_links as (

    select
        campaign_id,
        count(*) as links
    from {{ ref('stg_links__links') }}
    where campaign_id is not null
    group by campaign_id

),

-- Without an agent is suspicious only where the provider reports agents at all.
esps as (

    select
        esp,
        event_type,
        min(occurred_at) as first_agent_at
    from opens_and_clicks
    where has_agent
    group by esp, event_type

),

agentless as (

    select opens_and_clicks.event_key
    from opens_and_clicks
    inner join esps
        on
            opens_and_clicks.esp = esps.esp
            and opens_and_clicks.event_type = esps.event_type
            and opens_and_clicks.occurred_at >= esps.first_agent_at
    where
        not opens_and_clicks.has_agent
        or (opens_and_clicks.event_type = 'clicked' and opens_and_clicks.agent_kind = 'privacy_proxy')

),

sources as (

    select
        event_key,
        {{ distinct_around(
            'subscriber_key', 'address_key', 'occurred_at', var('machine_shared_source_seconds')
        ) }} as recipients
    from clicks
    where address_key is not null

),

known as (

    select
        clicks.event_key,
        surroundings.burst_links,
        sources.recipients,
        domains.scanned_share,
        coalesce(
            declared_links.links,
            case when clicked_links.messages >= {{ var('machine_coverage_messages') }} then clicked_links.links end
        ) as links
    from clicks
    inner join surroundings
        on clicks.event_key = surroundings.event_key
    left join sources
        on clicks.event_key = sources.event_key
    left join domains
        on
            clicks.recipient_domain = domains.recipient_domain
            and clicks.sent_on = domains.sent_on
    left join declared_links
        on clicks.campaign_id = declared_links.campaign_id
    left join clicked_links
        on
            clicks.esp = clicked_links.esp
            and clicks.campaign_id = clicked_links.campaign_id
            and clicks.sent_on = clicked_links.sent_on

),

judged as (

    select
        event_key,
        false as lacks_agent,
        coalesce(
            burst_links >= {{ var('machine_burst_links') }}
            and links >= {{ var('machine_coverage_links') }}
            and burst_links >= {{ var('machine_coverage_share') }} * links,
            false
        ) as covers_links,
        coalesce(recipients >= {{ var('machine_shared_source_recipients') }}, false) as shares_source,
        case
            when scanned_share >= {{ var('machine_domain_share_most') }} then 'most'
            when scanned_share >= {{ var('machine_domain_share_half') }} then 'half'
            when scanned_share >= {{ var('machine_domain_share_some') }} then 'some'
        end as domain_scans
    from known
    union all
    select
        event_key,
        true as lacks_agent,
        false as covers_links,
        false as shares_source,
        null as domain_scans
    from agentless

),

gathered as (

    select
        event_key,
        bool_or(lacks_agent) as lacks_agent,
        bool_or(covers_links) as covers_links,
        bool_or(shares_source) as shares_source,
        max(domain_scans) as domain_scans
    from judged
    where lacks_agent or covers_links or shares_source or domain_scans is not null
    group by event_key

),

final as (

    select
        -- keys
        event_key,

        -- attributes
        lacks_agent,
        covers_links,
        shares_source,
        domain_scans,
        {{ signal_names_of(signals) }} as context_signals
    from gathered

)

select * from final
