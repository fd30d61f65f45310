with

present as (

    select * from {{ ref('int_subscriber_states') }}
    where is_now

),

responses as (

    select
        'open' as metric,
        least(recent_messages_opened, recent_messages_delivered) as successes,
        recent_messages_delivered as trials
    from present
    where messages_delivered >= {{ var('new_subscriber_deliveries') }}

    union all

    select
        'click' as metric,
        least(recent_messages_clicked, recent_messages_delivered) as successes,
        recent_messages_delivered as trials
    from present
    where messages_delivered >= {{ var('new_subscriber_deliveries') }}

),

priors as (
    {{ beta_priors('responses') }}
),

shrunk as (

    select
        responses.metric,
        {{ shrunk_rate('responses.successes', 'responses.trials', 'priors.mean_rate', 'priors.prior_trials') }} as rate
    from responses
    inner join priors
        on responses.metric = priors.metric
    where responses.trials > 0

),

medians as (

    select
        metric,
        percentile_disc(0.5) within group (order by rate) as median_rate
    from shrunk
    group by metric

),

response_yardsticks as (

    select
        max(case when priors.metric = 'open' then priors.mean_rate end) as open_mean_rate,
        max(case when priors.metric = 'open' then priors.prior_trials end) as open_prior_trials,
        max(case when priors.metric = 'open' then medians.median_rate end) as open_median_rate,
        max(case when priors.metric = 'click' then priors.mean_rate end) as click_mean_rate,
        max(case when priors.metric = 'click' then priors.prior_trials end) as click_prior_trials,
        max(case when priors.metric = 'click' then medians.median_rate end) as click_median_rate
    from priors
    inner join medians
        on priors.metric = medians.metric

),

rfm as (

    select
        {{ seconds_between('last_human_engaged_at', 'as_of_at') }} as recency,
        nullif(recent_human_clicks, 0) as frequency,
        nullif(revenue, 0) as value
    from present

),

quintiles as (

    select
        percentile_disc(0.2) within group (order by recency) as recency_20,
        percentile_disc(0.4) within group (order by recency) as recency_40,
        percentile_disc(0.6) within group (order by recency) as recency_60,
        percentile_disc(0.8) within group (order by recency) as recency_80,
        percentile_disc(0.2) within group (order by frequency) as frequency_20,
        percentile_disc(0.4) within group (order by frequency) as frequency_40,
        percentile_disc(0.6) within group (order by frequency) as frequency_60,
        percentile_disc(0.8) within group (order by frequency) as frequency_80,
        percentile_disc(0.2) within group (order by value) as value_20,
        percentile_disc(0.4) within group (order by value) as value_40,
        percentile_disc(0.6) within group (order by value) as value_60,
        percentile_disc(0.8) within group (order by value) as value_80
    from rfm

),

final as (

    select
        response_yardsticks.*,
        quintiles.*
    from response_yardsticks
    cross join quintiles

)

select * from final
