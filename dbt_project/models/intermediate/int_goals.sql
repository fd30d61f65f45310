with

final as (

    select
        -- keys
        goal,

        -- attributes
        metric,
        scope,
        target,
        period,
        starts_on,
        cast({{ as_of_now() }} as date) as as_of_on
    from {{ ref('goals') }}
    where starts_on < cast({{ as_of_now() }} as date)

)

select * from final
