with

participants as (

    select * from {{ ref('int_experiment_subscribers') }}

),

acted as (

    select * from {{ ref('int_experiment_outcomes') }}

),

-- A rate asks whether, revenue how much.
outcomes as (

    select
        experiment,
        variant,
        metric,
        case
            when metric = 'revenue_per_subscriber' then amount_during
            else cast(least(amount_during, 1) as decimal(18, 2))
        end as y,
        case
            when metric = 'revenue_per_subscriber' then amount_before
            else cast(least(amount_before, 1) as decimal(18, 2))
        end as x
    from acted

),

-- A factor is wider than amounts are: products of two of 18 digits overflow from some thirty millions on.
sums as (

    select
        experiment,
        variant,
        metric,
        count(case when y > 0 then 1 end) as successes,
        sum(cast(y as decimal(18, 2))) as sum_y,
        sum(cast(y as decimal(20, 2)) * cast(y as decimal(18, 2))) as sum_yy,
        sum(cast(x as decimal(18, 2))) as sum_x,
        sum(cast(x as decimal(20, 2)) * cast(x as decimal(18, 2))) as sum_xx,
        sum(cast(x as decimal(20, 2)) * cast(y as decimal(18, 2))) as sum_xy
    from outcomes
    group by experiment, variant, metric

),

-- How the experiment's own messages were received, subscriber by subscriber; a message whose only opens are not a
-- person's cannot show one.
received as (

    select
        participants.experiment,
        participants.variant,
        participants.subscriber_key,
        bool_or(not messages.machine_only_open) as is_measurable,
        bool_or(coalesce(messages.human_first_opened_at <= participants.ends_at, false)) as is_opened,
        bool_or(coalesce(messages.human_first_clicked_at <= participants.ends_at, false)) as is_clicked
    from participants
    inner join {{ ref('int_messages') }} as messages
        on
            participants.subscriber_key = messages.subscriber_key
            and participants.experiment = coalesce(messages.experiment, messages.campaign_key)
    where messages.is_delivered and messages.sent_at <= participants.ends_at
    group by participants.experiment, participants.variant, participants.subscriber_key

),

receptions as (

    select
        experiment,
        variant,
        'human_open_rate' as metric,
        count(case when is_measurable then 1 end) as n,
        count(case when is_measurable and is_opened then 1 end) as successes
    from received
    group by experiment, variant

    union all

    select
        experiment,
        variant,
        'human_click_rate' as metric,
        count(*) as n,
        count(case when is_clicked then 1 end) as successes
    from received
    group by experiment, variant

),

filled_arms as (

    select
        experiment,
        variant,
        is_control,
        count(*) as assigned,
        max(ends_at) as ends_at
    from participants
    group by experiment, variant, is_control

),

begun_experiments as (

    select distinct experiment from participants

),

-- An arm that was to have subscribers and has none is an arm, too: the sample ratio tells.
arms as (

    select * from filled_arms

    union all

    select
        allocations.experiment,
        allocations.variant,
        allocations.variant = controls.control_variant as is_control,
        0 as assigned,
        null as ends_at
    from {{ ref('experiment_allocations') }} as allocations
    inner join begun_experiments
        on allocations.experiment = begun_experiments.experiment
    left join filled_arms
        on
            allocations.experiment = filled_arms.experiment
            and allocations.variant = filled_arms.variant
    left join {{ ref('int_experiment_controls') }} as controls
        on allocations.experiment = controls.comparison
    where allocations.share > 0 and filled_arms.experiment is null

),

metrics as (

    select micro_conversion || '_rate' as metric from {{ ref('dim_micro_conversions') }}
    union
    select 'revenue_per_subscriber' as metric
    union
    select 'human_open_rate' as metric
    union
    select 'human_click_rate' as metric

),

final as (

    select
        -- keys
        arms.experiment,
        metrics.metric,
        arms.variant,

        -- attributes
        arms.is_control,
        metrics.metric = 'revenue_per_subscriber' as is_mean,
        max(arms.ends_at) over (partition by arms.experiment) < {{ as_of_now() }} as is_closed,

        -- measures
        arms.assigned,
        cast(coalesce(allocations.share, 1) as double) as share,
        case
            when metrics.metric in ('human_open_rate', 'human_click_rate') then coalesce(receptions.n, 0)
            else arms.assigned
        end as n,
        coalesce(receptions.successes, sums.successes, 0) as successes,
        cast(coalesce(receptions.successes, sums.sum_y, 0) as double) as sum_y,
        cast(coalesce(receptions.successes, sums.sum_yy, 0) as double) as sum_yy,
        cast(coalesce(sums.sum_x, 0) as double) as sum_x,
        cast(coalesce(sums.sum_xx, 0) as double) as sum_xx,
        cast(coalesce(sums.sum_xy, 0) as double) as sum_xy
    from arms
    cross join metrics
    left join sums
        on
            arms.experiment = sums.experiment
            and arms.variant = sums.variant
            and metrics.metric = sums.metric
    left join receptions
        on
            arms.experiment = receptions.experiment
            and arms.variant = receptions.variant
            and metrics.metric = receptions.metric
    left join {{ ref('experiment_allocations') }} as allocations
        on
            arms.experiment = allocations.experiment
            and arms.variant = allocations.variant

)

select * from final
