with

arms as (

    select * from {{ ref('stg_assignments__arms') }}

),

final as (

    select
        -- keys
        experiment,
        subscriber_key,

        -- attributes
        variant,

        -- times
        assigned_at
    from arms
    where not is_ambiguous

)

select * from final
