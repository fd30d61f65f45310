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

priors as (
    {{ beta_priors('subscribers') }}
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
