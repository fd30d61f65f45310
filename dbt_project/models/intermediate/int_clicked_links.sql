with

clicks as (

    select
        esp,
        campaign_id,
        url,
        message_or_event_key,
        sent_on,
        cast(occurred_at as date) as clicked_on
    from {{ ref('int_opens_and_clicks') }}
    where
        event_type = 'clicked'
        and campaign_id is not null

),

links as (

    select
        esp,
        campaign_id,
        url,
        min(clicked_on) as first_clicked_on
    from clicks
    where url is not null
    group by esp, campaign_id, url

),

messages as (

    select
        esp,
        campaign_id,
        message_or_event_key,
        min(sent_on) as sent_on,
        min(clicked_on) as first_clicked_on
    from clicks
    group by esp, campaign_id, message_or_event_key

),

happenings as (

    select
        esp,
        campaign_id,
        sent_on as day_on,
        0 as links,
        0 as messages
    from messages
    union all
    select
        esp,
        campaign_id,
        first_clicked_on as day_on,
        0 as links,
        1 as messages
    from messages
    union all
    select
        esp,
        campaign_id,
        first_clicked_on as day_on,
        1 as links,
        0 as messages
    from links

),

days as (

    select
        esp,
        campaign_id,
        day_on,
        sum(links) as links,
        sum(messages) as messages
    from happenings
    group by esp, campaign_id, day_on

),

-- What is learnt after the messages of a day have closed does not move the verdicts on them.
final as (

    select
        -- keys
        esp,
        campaign_id,
        day_on as sent_on,

        -- measures
        {{ sum_until_days_after('links', 'esp, campaign_id', 'day_on', closing_days()) }} as links,
        {{ sum_until_days_after('messages', 'esp, campaign_id', 'day_on', closing_days()) }} as messages
    from days

)

select * from final
