with

inferences as (

    select * from {{ ref('int_goal_figures') }}

),

final as (

    select
        goal,
        period_start_on,
        metric,
        scope,
        target,
        actual,
        actual_lo,
        actual_hi,
        projected,
        probability_of_reaching,
        status,
        period_end_on
    from inferences

)

select * from final
