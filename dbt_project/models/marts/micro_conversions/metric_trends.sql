with

inferences as (

    select * from {{ ref('int_metric_trend_figures') }}

),

final as (

    select
        metric,
        scope,
        period_start_on,
        numerator,
        denominator,
        value,
        ewma,
        ewma_lo,
        ewma_hi,
        trend_z,
        sen_slope,
        status
    from inferences

)

select * from final
