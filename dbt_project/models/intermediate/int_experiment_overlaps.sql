with

done as (

    select * from {{ ref('int_experiment_outcomes') }}
    where conversion is not null and amount_during > 0

),

final as (

    select
        -- keys
        one.experiment,
        one.variant,
        one.conversion,
        other.conversion as other_conversion,

        -- measures
        count(*) as subscribers_with_both
    from done as one
    inner join done as other
        on
            one.experiment = other.experiment
            and one.subscriber_key = other.subscriber_key
    group by one.experiment, one.variant, one.conversion, other.conversion

)

select * from final
