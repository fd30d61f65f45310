with

publication as (

    select * from {{ source('pipeline', 'publication') }}

),

final as (

    select
        -- times
        published_at,
        data_as_of,

        -- attributes
        run_id
    from publication

)

select * from final
