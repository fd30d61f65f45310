with

assignments as (

    select * from {{ ref('stg_assignments__assignments') }}

),

controls as (

    select * from {{ ref('int_experiment_controls') }}

),

final as (

    select
        -- keys
        assignments.experiment,
        assignments.subscriber_key,

        -- attributes
        assignments.variant,
        assignments.variant = controls.control_variant as is_control,

        -- times
        assignments.assigned_at
    from assignments
    left join controls
        on assignments.experiment = controls.comparison

)

select * from final
