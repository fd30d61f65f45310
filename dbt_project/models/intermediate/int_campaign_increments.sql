{#- Below these an effect on revenue is not to be trusted: those of experiment_results. -#}
{%- set least_subscribers = 30 -%}
-- A holdout is a control arm that the experiment mails nothing. What the mailed arms bring in beyond it, subscriber by
-- subscriber, belongs to the campaigns that mailed them, in proportion to their messages.
with

messages as (

    select
        coalesce(experiment, campaign_key) as experiment,
        campaign_key,
        variant
    from {{ ref('int_messages') }}
    where is_sent

),

-- Arms that are not as intended compare nothing.
invalid_experiments as (

    select distinct experiment
    from {{ ref('int_experiment_inferences') }}
    where verdict = 'invalid_sample_ratio'

),

arms as (

    select
        metrics.experiment,
        metrics.variant,
        coalesce(metrics.is_control, false) as is_control,
        metrics.n,
        metrics.sum_y / metrics.n as mean,
        (metrics.sum_yy - metrics.sum_y * metrics.sum_y / metrics.n) / nullif(metrics.n - 1, 0) as variance
    from {{ ref('int_experiment_metrics') }} as metrics
    left join invalid_experiments
        on metrics.experiment = invalid_experiments.experiment
    where metrics.is_mean and metrics.n > 0 and invalid_experiments.experiment is null

),

mailed_arms as (

    select distinct
        experiment,
        variant
    from messages

),

holdouts as (

    select arms.*
    from arms
    left join mailed_arms
        on
            arms.experiment = mailed_arms.experiment
            and arms.variant = mailed_arms.variant
    where arms.is_control and mailed_arms.experiment is null

),

increments as (

    select
        arms.experiment,
        sum(arms.n * (arms.mean - holdouts.mean)) as incremental_revenue,
        sum(arms.n * arms.variance) + power(sum(arms.n), 2) * min(holdouts.variance / holdouts.n) as variance
    from arms
    inner join holdouts
        on arms.experiment = holdouts.experiment
    where not arms.is_control
    group by arms.experiment
    having min(arms.n) >= {{ least_subscribers }} and min(holdouts.n) >= {{ least_subscribers }}

),

shares as (

    select
        experiment,
        campaign_key,
        count(*) * 1e0 / sum(count(*)) over (partition by experiment) as share
    from messages
    group by experiment, campaign_key

),

final as (

    select
        -- keys
        shares.campaign_key,

        -- measures
        sum(shares.share * increments.incremental_revenue) as incremental_revenue,
        sqrt(sum(shares.share * shares.share * increments.variance)) as standard_error
    from shares
    inner join increments
        on shares.experiment = increments.experiment
    where increments.variance > 0
    group by shares.campaign_key

)

select * from final
