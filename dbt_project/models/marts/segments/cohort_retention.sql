-- Ages are whole weeks of seven days from the day of the first trace. Every step works on counts per cohort and week;
-- nobody is laid out over all the weeks of their life.
with

-- Before the first send or engagement of the exports nothing could be seen of anybody.
history as (

    select min(day_on) as begins_on
    from {{ ref('int_subscriber_days') }}
    where last_sent_at is not null or engaged_at is not null

),

exits as (

    select
        subscriber_number,
        min(opted_out_at) as opted_out_at,
        min(hard_bounced_at) as hard_bounced_at
    from {{ ref('int_subscriber_days') }}
    where opted_out_at is not null or hard_bounced_at is not null
    group by subscriber_number

),

-- The week of the first exit, the first whole week that the exports cover, and the first that "now" cuts off.
subscribers as (

    select
        subscribers.subscriber_number,
        cast(subscribers.first_seen_at as date) as first_on,
        cast(date_trunc('month', subscribers.first_seen_at) as date) as cohort_month_on,
        greatest({{ age_weeks('subscribers.first_seen_at', "history.begins_on + interval '6' day") }}, 0)
            as seen_from_week,
        {{ age_weeks('subscribers.first_seen_at', as_of_now()) }} as seen_until_week,
        {{ age_weeks('subscribers.first_seen_at', 'least(exits.opted_out_at, exits.hard_bounced_at)') }} as exit_week,
        coalesce(exits.hard_bounced_at < exits.opted_out_at, exits.hard_bounced_at is not null) as is_bounced
    from {{ ref('int_subscribers') }} as subscribers
    cross join history
    left join exits
        on subscribers.subscriber_number = exits.subscriber_number
    where subscribers.first_seen_at is not null

),

observed as (

    select * from subscribers
    where seen_from_week < seen_until_week

),

active_weeks as (

    select distinct
        observed.subscriber_number,
        observed.cohort_month_on,
        {{ age_weeks('observed.first_on', 'days.day_on') }} as age_weeks
    from {{ ref('int_subscriber_days') }} as days
    inner join observed
        on days.subscriber_number = observed.subscriber_number
    where
        days.engaged_at is not null
        and {{ age_weeks('observed.first_on', 'days.day_on') }} >= observed.seen_from_week
        and {{ age_weeks('observed.first_on', 'days.day_on') }} < observed.seen_until_week

),

-- What changes from one week to the next: who comes under observation and who leaves it, who comes to be at risk and
-- who does no more.
changes as (

    select
        cohort_month_on,
        seen_from_week as age_weeks,
        1 as subscribers,
        case when exit_week < seen_from_week then 0 else 1 end as at_risk,
        0 as exits,
        0 as bounces,
        0 as active
    from observed

    union all

    select
        cohort_month_on,
        seen_until_week as age_weeks,
        -1 as subscribers,
        case when exit_week < seen_until_week then 0 else -1 end as at_risk,
        0 as exits,
        0 as bounces,
        0 as active
    from observed

    union all

    select
        cohort_month_on,
        exit_week + 1 as age_weeks,
        0 as subscribers,
        -1 as at_risk,
        0 as exits,
        0 as bounces,
        0 as active
    from observed
    where exit_week >= seen_from_week and exit_week < seen_until_week

    union all

    select
        cohort_month_on,
        exit_week as age_weeks,
        0 as subscribers,
        0 as at_risk,
        1 as exits,
        case when is_bounced then 1 else 0 end as bounces,
        0 as active
    from observed
    where exit_week >= seen_from_week and exit_week < seen_until_week

    union all

    select
        cohort_month_on,
        age_weeks,
        0 as subscribers,
        0 as at_risk,
        0 as exits,
        0 as bounces,
        1 as active
    from active_weeks

),

summed as (

    select
        cohort_month_on,
        age_weeks,
        sum(subscribers) as subscribers,
        sum(at_risk) as at_risk,
        sum(exits) as exits,
        sum(bounces) as bounces,
        sum(active) as active
    from changes
    group by cohort_month_on, age_weeks

),

digits as (
    {{ digits() }}
),

numbers as (

    select 1000 * thousands.digit + 100 * hundreds.digit + 10 * tens.digit + ones.digit as age_weeks
    from digits as thousands
    cross join digits as hundreds
    cross join digits as tens
    cross join digits as ones

),

spans as (

    select
        cohort_month_on,
        min(seen_from_week) as from_week,
        max(seen_until_week) as until_week
    from observed
    group by cohort_month_on

),

-- A week in which nothing changes has a row too.
weeks as (

    select
        spans.cohort_month_on,
        numbers.age_weeks,
        coalesce(summed.subscribers, 0) as subscribers,
        coalesce(summed.at_risk, 0) as at_risk,
        coalesce(summed.exits, 0) as exits,
        coalesce(summed.bounces, 0) as bounces,
        coalesce(summed.active, 0) as active
    from spans
    inner join numbers
        on
            spans.from_week <= numbers.age_weeks
            and spans.until_week > numbers.age_weeks
    left join summed
        on
            spans.cohort_month_on = summed.cohort_month_on
            and numbers.age_weeks = summed.age_weeks

),

counted as (

    select
        cohort_month_on,
        age_weeks,
        sum(subscribers) over so_far as subscribers,
        sum(at_risk) over so_far as at_risk,
        exits,
        bounces,
        active
    from weeks
    window
        so_far as (
            partition by cohort_month_on
            order by age_weeks
            rows between unbounded preceding and current row
        )

),

-- Kaplan and Meier's product and Greenwood's sum, as sums of logarithms and of shares. A cohort whose first weeks the
-- exports do not cover has neither.
gathered as (

    select
        *,
        count(case when at_risk > 0 then 1 end) over so_far > age_weeks as is_measurable,
        min(nullif(at_risk, 0)) over so_far as fewest_at_risk,
        sum(case when exits < at_risk then ln(1 - exits / at_risk) end) over so_far as log_survival,
        sum(case when exits < at_risk then exits / (at_risk * (at_risk - exits)) end) over so_far as greenwood
    from counted
    window
        so_far as (
            partition by cohort_month_on
            order by age_weeks
            rows between unbounded preceding and current row
        )

),

survivors as (

    select
        *,
        case
            when max(case when is_measurable and exits = at_risk then 1 end) over so_far = 1 then 0e0
            when is_measurable then coalesce(round(exp(log_survival), 12), 1e0)
        end as survival
    from gathered
    window
        so_far as (
            partition by cohort_month_on
            order by age_weeks
            rows between unbounded preceding and current row
        )

),

-- As many subscribers as would vary so much, had they all been followed from the first week (Rothman 1978).
weighed as (

    select
        *,
        case
            when survival > 0 and survival < 1 then (1 - survival) / (survival * greenwood)
            else fewest_at_risk
        end as effective_subscribers
    from survivors

),

final as (

    select
        -- keys
        cohort_month_on,
        age_weeks,

        -- measures and rates, in the contract's order
        cast(subscribers as bigint) as subscribers,
        cast(active as bigint) as active,
        active / nullif(subscribers, 0) as active_rate,
        survival,
        case
            when survival is not null
                then {{ wilson_lo('survival * effective_subscribers', 'effective_subscribers') }}
        end as survival_lo,
        case
            when survival is not null
                then {{ wilson_hi('survival * effective_subscribers', 'effective_subscribers') }}
        end as survival_hi,

        -- beyond the contract
        {{ wilson_lo('active', 'subscribers') }} as active_rate_lo,
        {{ wilson_hi('active', 'subscribers') }} as active_rate_hi,
        cast(at_risk as bigint) as at_risk,
        cast(exits as bigint) as exits,
        cast(bounces as bigint) as bounces
    from weighed
    where subscribers > 0

)

select * from final
