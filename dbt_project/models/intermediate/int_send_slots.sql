{{ config(materialized='table') }}
with

responses as (

    select * from {{ ref('int_message_responses') }}

),

appeals as (

    select * from {{ ref('int_campaign_appeals') }}

),

subscribers as (
    {{ telling_subscribers('responses') }}
),

-- A message of a campaign that goes down well is worth as many of an ordinary one's.
messages as (

    select
        responses.subscriber_number,
        responses.hour_of_week,
        count(*) as messages,
        count(case when responses.is_response then 1 end) as responses,
        sum(coalesce(appeals.appeal, 1)) as weight
    from responses
    inner join subscribers
        on responses.subscriber_number = subscribers.subscriber_number
    left join appeals
        on
            responses.campaign_key = appeals.campaign_key
            and responses.sent_on = appeals.sent_on
    group by responses.subscriber_number, responses.hour_of_week

),

weights as (

    select
        subscriber_number,
        cast(sum(weight) as double) as weight
    from messages
    group by subscriber_number

),

slots as (
    {{ send_slots('messages', 'subscriber_number, messages, responses, weight') }}
),

reach as (
    {{ send_slot_reach() }}
),

judged as (

    select
        slots.subscriber_number,
        slots.axis,
        reach.judged_slot as slot,
        sum(case when slots.slot = reach.judged_slot then slots.messages else 0 end) as messages,
        sum(slots.responses) as responses,
        cast(sum(slots.weight) as double) as weight
    from slots
    inner join reach
        on
            slots.axis = reach.axis
            and slots.slot = reach.slot
    group by slots.subscriber_number, slots.axis, reach.judged_slot

),

final as (

    select
        -- keys
        judged.subscriber_number,
        judged.axis,
        cast(judged.slot as integer) as slot,

        -- measures
        cast(judged.messages as integer) as messages,
        cast(
            judged.responses - subscribers.responses * judged.weight / weights.weight as decimal(18, 9)
        ) as excess,
        cast(
            subscribers.responses
            * (judged.weight / weights.weight)
            * (1 - judged.weight / weights.weight)
            * (subscribers.messages - subscribers.responses)
            / (subscribers.messages - 1)
            as decimal(18, 9)
        ) as information
    from judged
    inner join subscribers
        on judged.subscriber_number = subscribers.subscriber_number
    inner join weights
        on judged.subscriber_number = weights.subscriber_number

)

select * from final
