with

days_before as (
    {{ whole_numbers(0, var('metric_history_days'), 'days') }}
),

final as (

    select
        -- keys
        cast({{ as_of_now() }} - interval '1' day * days as date) as day_on,

        -- what it belongs to
        cast(date_trunc('week', {{ as_of_now() }} - interval '1' day * days) as date) as week_on,
        cast(date_trunc('month', {{ as_of_now() }} - interval '1' day * days) as date) as month_on
    from days_before

)

select * from final
