{#- Half a year: beyond it a subscriber is new no more. -#}
{%- set weeks = 26 -%}
{%- set week_seconds = 7 * 86400 -%}
with

-- Whoever is first seen in the month in which the data begins may have been there before.
beginnings as (

    select min(sent_at) as data_begins_at
    from {{ ref('int_messages') }}
    where is_sent

),

subscribers as (

    select
        subscribers.subscriber_key,
        subscribers.first_seen_at,
        cast(date_trunc('month', subscribers.first_seen_at) as date) as cohort_month_on,
        cast(floor({{ seconds_between('subscribers.first_seen_at', as_of_now()) }} / {{ week_seconds }}) as bigint)
            as completed_weeks
    from {{ ref('dim_subscribers') }} as subscribers
    cross join beginnings
    where
        subscribers.first_seen_at <= {{ as_of_now() }}
        and date_trunc('month', subscribers.first_seen_at) > date_trunc('month', beginnings.data_begins_at)

),

ages as (

    select cast(numbers.age_weeks as bigint) as age_weeks
    from (
        values
        {%- for age in range(weeks) %}
            ({{ age }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as numbers (age_weeks)

),

actions as (

    select
        subscriber_key,
        'clicked_messages' as metric,
        human_first_clicked_at as occurred_at,
        cast(1 as decimal(18, 2)) as amount
    from {{ ref('int_messages') }}
    where human_first_clicked_at is not null

    union all

    select
        subscriber_key,
        'orders' as metric,
        ordered_at as occurred_at,
        cast(1 as decimal(18, 2)) as amount
    from {{ ref('int_orders') }}

    union all

    select
        subscriber_key,
        'revenue' as metric,
        ordered_at as occurred_at,
        revenue as amount
    from {{ ref('int_orders') }}
    where revenue is not null

),

aged_actions as (

    select
        subscribers.cohort_month_on,
        subscribers.completed_weeks,
        actions.metric,
        actions.amount,
        cast(
            floor(
                {{ seconds_between('subscribers.first_seen_at', 'actions.occurred_at') }} / {{ week_seconds }}
            ) as bigint
        )
            as age_weeks
    from actions
    inner join subscribers
        on
            actions.subscriber_key = subscribers.subscriber_key
            and actions.occurred_at >= subscribers.first_seen_at

),

totals as (

    select
        cohort_month_on,
        metric,
        age_weeks,
        sum(amount) as total
    from aged_actions
    where age_weeks < completed_weeks and age_weeks < {{ weeks }}
    group by cohort_month_on, metric, age_weeks

),

cohorts as (

    select
        subscribers.cohort_month_on,
        ages.age_weeks,
        count(*) as subscribers,
        min(subscribers.completed_weeks) as completed_weeks,
        count(case when ages.age_weeks < subscribers.completed_weeks then 1 end) as observed_subscribers
    from subscribers
    cross join ages
    group by subscribers.cohort_month_on, ages.age_weeks

),

metrics as (

    select 'clicked_messages' as metric
    union all
    select 'orders' as metric
    union all
    select 'revenue' as metric

),

final as (

    select
        -- keys
        cohorts.cohort_month_on,
        metrics.metric,
        cohorts.age_weeks,

        -- measures
        cohorts.subscribers,
        cohorts.observed_subscribers,
        cohorts.completed_weeks,
        cast(coalesce(totals.total, 0) as double) as total
    from cohorts
    cross join metrics
    left join totals
        on
            cohorts.cohort_month_on = totals.cohort_month_on
            and metrics.metric = totals.metric
            and cohorts.age_weeks = totals.age_weeks

)

select * from final
