with

check_results as (

    select * from {{ source('pipeline', 'check_results') }}

),

final as (

    select
        -- keys
        run_id,
        suite,
        batch,
        expectation,

        -- attributes
        column_name,
        success,
        observed,
        unexpected_count,
        severity,

        -- times
        checked_at
    from check_results

)

select * from final
