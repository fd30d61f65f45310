with

esps as (

    select
        esp,
        min(occurred_at) as first_opened_at
    from {{ ref('int_opens_and_clicks') }}
    where event_type = 'opened'
    group by esp

),

-- A message looks scanned by what happened to it alone.
clicks as (

    select
        clicks.recipient_domain,
        clicks.message_or_event_key,
        clicks.sent_on,
        cast(clicks.occurred_at as date) as clicked_on,
        coalesce(
            surroundings.is_beside_hidden_link
            or surroundings.tight_burst_links >= {{ var('machine_tight_burst_links') }}
            or (
                not surroundings.is_opened_before
                and clicks.seconds_since_arrival <= {{ var('machine_scan_seconds') }}
                and esps.first_opened_at <= clicks.occurred_at
            ),
            false
        ) as looks_scanned
    from {{ ref('int_opens_and_clicks') }} as clicks
    inner join {{ ref('int_click_surroundings') }} as surroundings
        on clicks.event_key = surroundings.event_key
    left join esps
        on clicks.esp = esps.esp
    where clicks.recipient_domain is not null

),

messages as (

    select
        recipient_domain,
        message_or_event_key,
        min(sent_on) as sent_on,
        min(clicked_on) as first_clicked_on,
        min(case when looks_scanned then clicked_on end) as first_scanned_on
    from clicks
    group by recipient_domain, message_or_event_key

),

happenings as (

    select
        recipient_domain,
        sent_on as day_on,
        0 as clicked,
        0 as scanned
    from messages
    union all
    select
        recipient_domain,
        first_clicked_on as day_on,
        1 as clicked,
        0 as scanned
    from messages
    union all
    select
        recipient_domain,
        first_scanned_on as day_on,
        0 as clicked,
        1 as scanned
    from messages
    where first_scanned_on is not null

),

days as (

    select
        recipient_domain,
        day_on,
        sum(clicked) as clicked,
        sum(scanned) as scanned
    from happenings
    group by recipient_domain, day_on

),

-- What is learnt after the messages of a day have closed does not move the verdicts on them.
known as (

    select
        recipient_domain,
        day_on,
        {{ sum_until_days_after('clicked', 'recipient_domain', 'day_on', closing_days()) }} as clicked_messages,
        {{ sum_until_days_after('scanned', 'recipient_domain', 'day_on', closing_days()) }} as scanned_messages
    from days

),

final as (

    select
        -- keys
        recipient_domain,
        day_on as sent_on,

        -- measures
        clicked_messages,
        scanned_messages,
        {{ shrunk_rate(
            'scanned_messages',
            'clicked_messages',
            var('machine_domain_prior_share'),
            var('machine_domain_prior_messages')
        ) }} as scanned_share
    from known

)

select * from final
