with

subscribers as (

    select
        'response' as metric,
        subscriber_number,
        count(*) as trials,
        count(case when is_response then 1 end) as successes
    from {{ ref('int_message_responses') }}
    group by subscriber_number

),

settled as (

    select * from subscribers
    where trials >= {{ var('new_subscriber_deliveries') }}

),

priors as (
    {{ beta_priors('settled') }}
),

final as (

    select
        -- keys
        subscribers.subscriber_number,

        -- measures
        subscribers.trials as messages,
        subscribers.successes as responses,
        priors.mean_rate as account_rate,
        {{ shrunk_rate('subscribers.successes', 'subscribers.trials', 'priors.mean_rate', 'priors.prior_trials') }}
            as response_rate
    from subscribers
    cross join priors

)

select * from final
