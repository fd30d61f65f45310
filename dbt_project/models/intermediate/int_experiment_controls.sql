-- The campaigns file's word comes first; without it an arm that is called control, or else holdout, is the control.
with

arms as (

    select
        coalesce(experiment, campaign_key) as comparison,
        variant,
        control_variant
    from {{ ref('int_declared_campaigns') }}

    union all

    select distinct
        coalesce(experiment, campaign_key) as comparison,
        variant,
        cast(null as varchar) as control_variant
    from {{ ref('int_messages') }}

    union all

    select distinct
        experiment as comparison,
        variant,
        cast(null as varchar) as control_variant
    from {{ ref('stg_assignments__assignments') }}

    union all

    select
        experiment as comparison,
        variant,
        cast(null as varchar) as control_variant
    from {{ ref('experiment_allocations') }}

),

controls as (

    select
        comparison,
        coalesce(
            min(control_variant),
            min(case when lower(variant) = 'control' then variant end),
            min(case when lower(variant) = 'holdout' then variant end)
        ) as control_variant
    from arms
    group by comparison

),

final as (

    select
        comparison,
        control_variant
    from controls
    where control_variant is not null

)

select * from final
