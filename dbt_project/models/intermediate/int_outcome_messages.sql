-- The newest click before an outcome is found without a join over time: clicks are numbered in their order, and the
-- running maximum of these numbers along one person's clicks and outcomes is the newest click so far.
with

outcomes as (

    select
        site_event_key as event_key,
        subscriber_key,
        lower(trim(context_campaign_id)) as context_campaign_id,
        lower(trim(context_campaign_name)) as context_campaign_name,
        occurred_at
    from {{ ref('int_site_events') }}

    union all

    select
        event_key,
        subscriber_key,
        cast(null as varchar) as context_campaign_id,
        cast(null as varchar) as context_campaign_name,
        occurred_at
    from {{ ref('int_email_events') }}
    where event_type = 'purchased'

),

outcome_subscribers as (

    select distinct subscriber_key
    from outcomes
    where subscriber_key is not null

),

clicks as (

    select
        events.subscriber_key,
        events.message_key,
        events.occurred_at,
        row_number() over (order by events.occurred_at, events.event_key) as click_number
    from {{ ref('int_email_events') }} as events
    inner join outcome_subscribers
        on events.subscriber_key = outcome_subscribers.subscriber_key
    where
        events.event_type = 'clicked'
        and events.actor = 'human'
        and events.message_key is not null

),

campaign_clicks as (

    select
        clicks.click_number,
        clicks.subscriber_key,
        clicks.message_key,
        clicks.occurred_at,
        messages.campaign_key,
        messages.campaign_id
    from clicks
    inner join {{ ref('int_messages') }} as messages
        on clicks.message_key = messages.message_key

),

-- What a page may call a campaign: its id, the name that the file gives it, and those that its events carry.
campaign_labels as (

    select
        campaign_key,
        lower(trim(campaign_id)) as label
    from campaign_clicks
    where campaign_id != ''

    union

    select
        campaign_key,
        lower(trim(campaign_name)) as label
    from {{ ref('int_declared_campaigns') }}

    union

    select
        {{ campaign_key('esp', 'campaign_id') }} as campaign_key,
        lower(trim(campaign_name)) as label
    from {{ ref('int_event_campaign_names') }}

),

-- Whose clicks may explain an outcome: those on the campaign that its page names, and all ('').
searches as (

    select
        outcomes.event_key,
        outcomes.subscriber_key,
        outcomes.occurred_at,
        campaign_labels.campaign_key as scope,
        'campaign_id' as basis
    from outcomes
    inner join campaign_labels
        on outcomes.context_campaign_id = campaign_labels.label
    where outcomes.subscriber_key is not null

    union all

    select
        outcomes.event_key,
        outcomes.subscriber_key,
        outcomes.occurred_at,
        campaign_labels.campaign_key as scope,
        'campaign_name' as basis
    from outcomes
    inner join campaign_labels
        on outcomes.context_campaign_name = campaign_labels.label
    where outcomes.subscriber_key is not null

    union all

    select
        event_key,
        subscriber_key,
        occurred_at,
        '' as scope,
        'click' as basis
    from outcomes
    where subscriber_key is not null

),

timeline as (

    select
        subscriber_key,
        campaign_key as scope,
        occurred_at,
        0 as is_outcome,
        click_number,
        cast(null as varchar) as event_key,
        cast(null as varchar) as basis
    from campaign_clicks

    union all

    select
        subscriber_key,
        '' as scope,
        occurred_at,
        0 as is_outcome,
        click_number,
        cast(null as varchar) as event_key,
        cast(null as varchar) as basis
    from campaign_clicks

    union all

    select
        subscriber_key,
        scope,
        occurred_at,
        1 as is_outcome,
        cast(null as bigint) as click_number,
        event_key,
        basis
    from searches

),

progress as (

    select
        event_key,
        basis,
        is_outcome,
        occurred_at,
        max(click_number) over (
            partition by subscriber_key, scope
            order by occurred_at, is_outcome
            rows between unbounded preceding and current row
        ) as click_number
    from timeline

),

found_clicks as (

    select
        progress.event_key,
        progress.basis,
        campaign_clicks.click_number,
        campaign_clicks.message_key,
        campaign_clicks.campaign_key,
        campaign_clicks.occurred_at as click_at
    from progress
    inner join campaign_clicks
        on progress.click_number = campaign_clicks.click_number
    where
        progress.is_outcome = 1
        and campaign_clicks.occurred_at
        >= progress.occurred_at - interval '{{ var("attribution_window_days") }}' day

),

candidates as (

    select
        site_event_key as event_key,
        'parameter' as basis,
        cast(null as bigint) as click_number,
        message_key
    from {{ ref('int_parameter_messages') }}

    union all

    select
        event_key,
        basis,
        click_number,
        message_key
    from found_clicks

),

ranked as (

    select
        event_key,
        basis,
        message_key,
        row_number() over (
            partition by event_key
            order by
                case basis when 'parameter' then 1 when 'campaign_id' then 2 when 'campaign_name' then 3 else 4 end asc,
                click_number desc nulls last,
                message_key asc
        ) as preference
    from candidates

),

final as (

    select
        -- keys
        ranked.event_key,
        ranked.message_key,
        newest_clicks.message_key as clicked_message_key,
        newest_clicks.campaign_key as clicked_campaign_key,

        -- attributes
        ranked.basis,

        -- times
        newest_clicks.click_at
    from ranked
    left join found_clicks as newest_clicks
        on
            ranked.event_key = newest_clicks.event_key
            and newest_clicks.basis = 'click'
    where ranked.preference = 1

)

select * from final
