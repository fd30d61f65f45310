{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ forget_touched() }}') }}
with

clicks as (

    select * from {{ ref('int_opens_and_clicks') }}
    where
        event_type = 'clicked'
        and {{ is_touched('message_or_event_key') }}

),

-- What a person may have opened: neither flagged, nor a privacy proxy's, a scanner's or an image proxy's own.
seen_opens as (

    select
        message_or_event_key,
        min(occurred_at) as first_opened_at
    from {{ ref('int_opens_and_clicks') }}
    where
        event_type = 'opened'
        and {{ is_touched('message_or_event_key') }}
        and not coalesce(is_machine, false)
        and not is_privacy_proxy
        and coalesce(agent_kind, 'person') in ('person', 'image_proxy')
        and coalesce(network_kind, '') != 'scanner'
        and not (
            is_image_proxy
            and coalesce(seconds_since_arrival <= {{ var('machine_image_prefetch_seconds') }}, false)
        )
    group by message_or_event_key

),

hidden_links as (

    select * from {{ ref('int_hidden_links') }}

),

marked as (

    select
        clicks.*,
        clicks.url || coalesce('?' || clicks.url_query, '') as link,
        case when hidden_links.url is not null then 1 else 0 end as is_hidden
    from clicks
    left join hidden_links
        on
            clicks.url = hidden_links.url
            and (clicks.campaign_id = hidden_links.campaign_id or hidden_links.campaign_id = '')
            and (not hidden_links.reads_query or coalesce(clicks.url_query, '') = hidden_links.url_query)

),

-- A link may be hidden by a line of its campaign and by one of all campaigns.
single as (

    select
        *,
        row_number() over (partition by event_key order by campaign_id) as occurrence
    from marked

),

surrounded as (

    select
        event_key,
        message_or_event_key,
        occurred_at,
        {{ distinct_around('link', 'message_or_event_key', 'occurred_at', var('machine_burst_seconds')) }}
            as burst_links,
        {{ distinct_around('link', 'message_or_event_key', 'occurred_at', var('machine_tight_burst_seconds')) }}
            as tight_burst_links,
        {{ distinct_around(
            'link', "message_or_event_key, coalesce(address_key, '')", 'occurred_at', var('machine_pair_seconds')
        ) }} as pair_links,
        {{ greatest_around(
            'is_hidden', 'message_or_event_key', 'occurred_at', var('machine_hidden_link_seconds')
        ) }} = 1 as is_beside_hidden_link
    from single
    where occurrence = 1

),

final as (

    select
        -- keys
        surrounded.event_key,
        surrounded.message_or_event_key,

        -- attributes
        surrounded.is_beside_hidden_link,
        coalesce(
            seen_opens.first_opened_at
            <= surrounded.occurred_at - interval '{{ var("machine_seen_seconds") }}' second,
            false
        ) as is_opened_before,

        -- measures
        surrounded.burst_links,
        surrounded.tight_burst_links,
        surrounded.pair_links
    from surrounded
    left join seen_opens
        on surrounded.message_or_event_key = seen_opens.message_or_event_key

)

select * from final
