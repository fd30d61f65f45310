with

inferences as (

    select * from {{ ref('int_cohort_projections') }}

),

final as (

    select
        cohort_month_on,
        metric,
        age_weeks,
        expected,
        expected_lo,
        expected_hi,
        observed,
        coverage,
        backtests,
        subscribers
    from inferences

)

select * from final
