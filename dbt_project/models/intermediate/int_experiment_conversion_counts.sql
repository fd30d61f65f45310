with

metrics as (

    select * from {{ ref('int_experiment_metrics') }}
    where is_closed

),

-- Arms that are not as intended compare nothing.
invalid_experiments as (

    select distinct experiment
    from {{ ref('int_experiment_inferences') }}
    where verdict = 'invalid_sample_ratio'

),

final as (

    select
        -- keys
        metrics.experiment,
        metrics.variant,
        catalogue.micro_conversion as conversion,

        -- attributes
        metrics.is_control,
        catalogue.is_macro,

        -- measures
        metrics.n,
        metrics.successes
    from metrics
    inner join {{ ref('dim_micro_conversions') }} as catalogue
        on metrics.metric = catalogue.micro_conversion || '_rate'
    left join invalid_experiments
        on metrics.experiment = invalid_experiments.experiment
    where invalid_experiments.experiment is null

)

select * from final
