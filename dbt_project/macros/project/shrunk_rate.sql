{#-
  A rate drawn towards the account's (empirical Bayes): `prior_trials` trials at the mean rate are added to those seen.
  No prior_trials means that the account's rates differ by chance alone, and then the mean speaks for everyone.
-#}
{% macro shrunk_rate(successes, trials, mean_rate, prior_trials) -%}
    case
        when {{ trials }} = 0 then null
        when {{ prior_trials }} is null then {{ mean_rate }}
        else (least({{ successes }}, {{ trials }}) + {{ mean_rate }} * {{ prior_trials }})
            / ({{ trials }} + {{ prior_trials }})
    end
{%- endmacro %}

{#-
  The mean of rates and how many trials at the mean a single one is drawn by (method of moments: what the rates vary by
  beyond chance tells how much a single one is worth), out of rows of metric, successes and trials; a row each metric.
  Sums are of decimals, so that no order of the rows can move a digit.
-#}
{% macro beta_priors(relation) -%}
    with rates as (

        select
            metric,
            cast(successes / cast(trials as double) as decimal(18, 12)) as rate,
            cast(power(successes / cast(trials as double), 2) as decimal(18, 12)) as squared_rate,
            cast(1 / cast(trials as double) as decimal(18, 12)) as inverse_trials
        from {{ relation }}
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

    )

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
{%- endmacro %}
