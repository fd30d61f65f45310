with

streams as (

    select * from {{ ref('warmup_streams') }}

),

campaign_streams as (

    select
        declarations.campaign_key,
        min(declarations.stream) as stream
    from {{ ref('int_declared_campaigns') }} as declarations
    inner join streams
        on declarations.stream = streams.stream
    group by declarations.campaign_key

),

event_streams as (

    select
        events.message_key,
        min(events.message_stream) as stream
    from {{ ref('int_email_events') }} as events
    inner join streams
        on events.message_stream = streams.stream
    where events.message_key is not null
    group by events.message_key

),

messages as (

    select
        messages.message_key,
        coalesce(campaign_streams.stream, event_streams.stream) as stream,
        cast(messages.sent_at as date) as day_on,
        messages.is_delivered,
        messages.bounce_type = 'hard' as is_hard_bounced,
        messages.is_delivered and messages.complained_at is not null as is_complained
    from {{ ref('int_messages') }} as messages
    left join campaign_streams
        on messages.campaign_key = campaign_streams.campaign_key
    left join event_streams
        on messages.message_key = event_streams.message_key
    where
        messages.is_sent
        and (campaign_streams.stream is not null or event_streams.stream is not null)

),

placed as (

    select
        messages.*,
        {{ warmup_audience('messages.day_on', 'streams.starts_on') }} as audience,
        contexts.engagement_tier
    from messages
    inner join streams
        on
            messages.stream = streams.stream
            and messages.day_on >= streams.starts_on
    inner join {{ ref('int_message_contexts') }} as contexts
        on messages.message_key = contexts.message_key

),

final as (

    select
        -- keys
        stream,
        day_on,

        -- measures
        count(*) as actual,
        count(case when is_delivered then 1 end) as delivered,
        count(case when is_hard_bounced then 1 end) as hard_bounces,
        count(case when is_complained then 1 end) as complaints,
        count(case when not {{ is_in_warmup_audience('engagement_tier', 'audience') }} then 1 end) as outside_audience
    from placed
    group by stream, day_on

)

select * from final
