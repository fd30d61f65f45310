with

inferences as (

    select * from {{ ref('int_metric_forecast_figures') }}

),

final as (

    select
        metric,
        scope,
        target_on,
        forecast,
        forecast_lo,
        forecast_hi,
        model,
        mase,
        beats_naive,
        naive_mase,
        coverage
    from inferences

)

select * from final
