with

streams as (

    select * from {{ ref('warmup_streams') }}

),

-- The steps below a stream's target, and the target as the last.
steps as (

    select
        stream,
        daily_target as volume
    from streams

    union

    select
        streams.stream,
        volumes.volume
    from streams
    inner join {{ ref('warmup_volumes') }} as volumes
        on streams.daily_target > volumes.volume

),

final as (

    select
        -- keys
        stream,
        row_number() over (partition by stream order by volume) as step_number,

        -- attributes
        volume,
        count(*) over (partition by stream) as last_step
    from steps

)

select * from final
