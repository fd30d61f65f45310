-- Responses are compared within each subscriber: with n responses to N messages, a message is expected to get n / N of
-- one, which n (N - n) / (N (N - 1)) of information comes with (hypergeometric). Who answers all or nothing tells
-- nothing of when.
with

responses as (

    select * from {{ ref('int_message_responses') }}

),

subscribers as (
    {{ telling_subscribers('responses') }}
),

final as (

    select
        responses.campaign_key,
        responses.sent_on,
        responses.hour_of_week,
        count(case when responses.is_response then 1 end) as responses,
        sum(
            cast(subscribers.responses / cast(subscribers.messages as double) as decimal(18, 12))
        ) as expected_responses,
        sum(
            cast(
                subscribers.responses * (subscribers.messages - subscribers.responses)
                / cast(subscribers.messages * (subscribers.messages - 1) as double)
                as decimal(18, 12)
            )
        ) as information
    from responses
    inner join subscribers
        on responses.subscriber_number = subscribers.subscriber_number
    group by responses.campaign_key, responses.sent_on, responses.hour_of_week

)

select * from final
