with

esps as (

    select
        esp,
        max(case when event_type = 'opened' then 1 else 0 end) = 1 as reports_opens
    from {{ ref('int_opens_and_clicks') }}
    group by esp

),

clicked_messages as (

    select
        clicks.message_or_event_key,
        clicks.recipient_domain,
        max(
            case
                when surroundings.is_beside_hidden_link then 1
                when surroundings.tight_burst_links >= {{ var('machine_tight_burst_links') }} then 1
                when
                    esps.reports_opens
                    and not surroundings.is_opened_before
                    and clicks.seconds_since_arrival <= {{ var('machine_scan_seconds') }}
                    then 1
                else 0
            end
        ) as looks_scanned
    from {{ ref('int_opens_and_clicks') }} as clicks
    inner join {{ ref('int_click_surroundings') }} as surroundings
        on clicks.event_key = surroundings.event_key
    inner join esps
        on clicks.esp = esps.esp
    where clicks.recipient_domain is not null
    group by clicks.message_or_event_key, clicks.recipient_domain

),

counted as (

    select
        recipient_domain,
        count(*) as clicked_messages,
        cast(sum(looks_scanned) as bigint) as scanned_messages
    from clicked_messages
    group by recipient_domain

),

final as (

    select
        -- keys
        recipient_domain,

        -- measures
        clicked_messages,
        scanned_messages,
        {{ shrunk_rate(
            'scanned_messages',
            'clicked_messages',
            var('machine_domain_prior_share'),
            var('machine_domain_prior_messages')
        ) }} as scanned_share
    from counted

)

select * from final
