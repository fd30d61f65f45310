{%- set rates = {
    'open': ('recent_messages_opened', 'recent_messages_measurable'),
    'click': ('recent_messages_clicked', 'recent_messages_delivered'),
} -%}
-- Sums are of decimals, so that no order of the rows can move a digit.
with

present as (

    select * from {{ ref('int_subscriber_states') }}
    where is_now

),

{% for rate, (successes, trials) in rates.items() -%}
{{ rate }}_trials as (

    select
        {{ successes }} as successes,
        {{ trials }} as trials
    from present
    where
        messages_delivered >= {{ var('new_subscriber_deliveries') }}
        and {{ trials }} > 0

),

{{ rate }}_rates as (

    select
        cast(least(successes, trials) / cast(trials as double) as decimal(18, 12)) as rate,
        cast(power(least(successes, trials) / cast(trials as double), 2) as decimal(18, 12)) as squared_rate,
        cast(1 / cast(trials as double) as decimal(18, 12)) as inverse_trials
    from {{ rate }}_trials

),

{{ rate }}_sums as (

    select
        count(*) as subscribers,
        cast(sum(rate) as double) as rates,
        cast(sum(squared_rate) as double) as squared_rates,
        cast(sum(inverse_trials) as double) as inverse_trials
    from {{ rate }}_rates

),

{{ rate }}_moments as (

    select
        rates / nullif(subscribers, 0) as mean_rate,
        inverse_trials / nullif(subscribers, 0) as mean_inverse_trials,
        (squared_rates - rates * rates / nullif(subscribers, 0)) / nullif(subscribers - 1, 0) as variance
    from {{ rate }}_sums

),

-- Method of moments: what the rates vary by beyond chance tells how much a single one is worth.
{{ rate }}_priors as (

    select
        round(mean_rate, 6) as mean_rate,
        case
            when variance > mean_rate * (1 - mean_rate) * mean_inverse_trials
                then round(
                    greatest(
                        mean_rate * (1 - mean_rate)
                        / (variance - mean_rate * (1 - mean_rate) * mean_inverse_trials) - 1,
                        0
                    ),
                    6
                )
        end as prior_trials
    from {{ rate }}_moments

),

{{ rate }}_medians as (

    select
        percentile_disc(0.5) within group (
            order by {{ shrunk_rate('trials.successes', 'trials.trials', 'priors.mean_rate', 'priors.prior_trials') }}
        ) as median_rate
    from {{ rate }}_trials as trials
    cross join {{ rate }}_priors as priors

),

{% endfor -%}
quintiles as (

    select
        {%- for percent in [20, 40, 60, 80] %}
        percentile_disc({{ percent / 100 }}) within group (
            order by {{ seconds_between('last_human_engaged_at', 'as_of_at') }}
        ) as recency_{{ percent }},
        percentile_disc({{ percent / 100 }}) within group (
            order by nullif(recent_human_clicks, 0)
        ) as frequency_{{ percent }},
        percentile_disc({{ percent / 100 }}) within group (
            order by nullif(revenue, 0)
        ) as value_{{ percent }}{{ ',' if not loop.last }}
        {%- endfor %}
    from present

),

final as (

    select
        -- rates
        open_priors.mean_rate as open_mean_rate,
        open_priors.prior_trials as open_prior_trials,
        open_medians.median_rate as open_median_rate,
        click_priors.mean_rate as click_mean_rate,
        click_priors.prior_trials as click_prior_trials,
        click_medians.median_rate as click_median_rate,

        -- quintiles
        {%- for measure in ['recency', 'frequency', 'value'] %}
        {%- set outer_loop = loop %}
        {%- for percent in [20, 40, 60, 80] %}
        quintiles.{{ measure }}_{{ percent }}{{ ',' if not (loop.last and outer_loop.last) }}
        {%- endfor %}
        {%- endfor %}
    from open_priors
    cross join open_medians
    cross join click_priors
    cross join click_medians
    cross join quintiles

)

select * from final
