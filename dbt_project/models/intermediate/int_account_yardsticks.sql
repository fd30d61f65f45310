-- Sums are of decimals, so that no order of the rows can move a digit.
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

rates as (

    select
        metric,
        cast(successes / cast(trials as double) as decimal(18, 12)) as rate,
        cast(power(successes / cast(trials as double), 2) as decimal(18, 12)) as squared_rate,
        cast(1 / cast(trials as double) as decimal(18, 12)) as inverse_trials
    from responses
    where trials > 0

),

sums as (

    select
        metric,
        cast(count(*) as double) as subscribers,
        cast(sum(rate) as double) as rates,
        cast(sum(squared_rate) as double) as squared_rates,
        cast(sum(inverse_trials) as double) as inverse_trials
    from rates
    group by metric

),

variances as (

    select
        metric,
        rates / subscribers as mean_rate,
        (squared_rates - rates * rates / subscribers) / nullif(subscribers - 1, 0) as variance,
        rates / subscribers * (1 - rates / subscribers) as binomial_variance,
        inverse_trials / subscribers as mean_inverse_trials
    from sums

),

-- Method of moments: what the rates vary by beyond chance tells how much a single one is worth.
priors as (

    select
        metric,
        round(mean_rate, 6) as mean_rate,
        case
            when variance > binomial_variance * mean_inverse_trials
                then
                    greatest(
                        round(binomial_variance / (variance - binomial_variance * mean_inverse_trials) - 1, 6),
                        0
                    )
        end as prior_trials
    from variances

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
