-- What came before each send, along one line of time per subscriber. A day of events shows from its last event on, so
-- that no message knows what followed it, and least of all what it brought about itself.
with

subscribers as (

    select * from {{ ref('int_subscribers') }}

),

timeline as (

    select
        subscribers.subscriber_number,
        messages.sent_at as happened_at,
        messages.message_key,
        cast(null as timestamp) as engaged_at,
        cast(null as timestamp) as first_delivered_at,
        0 as messages_delivered
    from {{ ref('int_messages') }} as messages
    inner join subscribers
        on messages.subscriber_key = subscribers.subscriber_key
    where messages.is_sent

    union all

    select
        subscriber_number,
        as_of_at as happened_at,
        null as message_key,
        engaged_at,
        first_delivered_at,
        messages_delivered
    from {{ ref('int_subscriber_days') }}
    where engaged_at is not null or messages_delivered > 0

),

carried as (

    select
        subscriber_number,
        happened_at,
        message_key,
        max(engaged_at) over before_it as last_engaged_at,
        min(first_delivered_at) over before_it as first_delivered_at,
        sum(messages_delivered) over before_it as delivered_before,
        count(message_key) over (
            partition by subscriber_number
            order by happened_at
            range between interval '28' day preceding and current row
        ) as sends_in_28_days,
        count(message_key) over (
            partition by subscriber_number
            order by happened_at
            range between interval '7' day preceding and current row
        ) as sends_in_7_days
    from timeline
    window
        before_it as (
            partition by subscriber_number
            order by happened_at
            range between unbounded preceding and interval '1' microsecond preceding
        )

),

history as (

    select min(sent_at) as begins_at
    from {{ ref('int_messages') }}
    where is_sent

),

-- Whose mail of the time before the exports begin is unknown has no count.
final as (

    select
        -- keys
        carried.message_key,

        -- attributes
        case
            when carried.last_engaged_at is not null
                then {{ engagement_tier('carried.last_engaged_at', 'carried.happened_at', "'lapsed'") }}
            else
                {{ tier_without_engagement(
                    'carried.delivered_before', 'carried.first_delivered_at', 'carried.happened_at'
                ) }}
        end as engagement_tier,

        -- measures
        case
            when
                carried.happened_at >= history.begins_at + interval '28' day
                or subscribers.signed_up_at >= history.begins_at
                then cast(carried.sends_in_28_days as integer)
        end as sends_in_28_days,
        case
            when
                carried.happened_at >= history.begins_at + interval '7' day
                or subscribers.signed_up_at >= history.begins_at
                then cast(carried.sends_in_7_days as integer)
        end as sends_in_7_days,
        cast(coalesce(carried.delivered_before, 0) as integer) as deliveries_before
    from carried
    inner join subscribers
        on carried.subscriber_number = subscribers.subscriber_number
    cross join history
    where carried.message_key is not null

)

select * from final
