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
    -- One without a first day is not passed over: what reads it says so.
    where starts_on < cast({{ as_of_now() }} as date) or starts_on is null

)

select * from final
