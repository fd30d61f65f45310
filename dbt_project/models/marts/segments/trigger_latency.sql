with

delivered as (

    select
        follow_up_key,
        trigger,
        subscriber_key,
        delivered_at,
        cast(delivered_at as date) as day_on,
        greatest({{ seconds_between('triggered_at', 'delivered_at') }}, 0) as seconds_since_trigger,
        -- What lies before it was due, or before anybody could know of it, is no delay of ours.
        greatest(
            {{ seconds_between('greatest(due_at, coalesce(landed_at, due_at))', 'delivered_at') }}, 0
        ) as seconds
    from {{ ref('follow_ups') }}
    where status = 'delivered'

),

converted as (

    select distinct delivered.follow_up_key
    from delivered
    inner join {{ ref('fct_micro_conversions') }} as macro_conversions
        on
            delivered.subscriber_key = macro_conversions.subscriber_key
            and delivered.delivered_at <= macro_conversions.occurred_at
            and delivered.delivered_at + interval '{{ var("attribution_window_days") }}' day
            > macro_conversions.occurred_at
    where macro_conversions.is_macro

),

judged as (

    select
        delivered.*,
        delivered.seconds > {{ var('follow_up_late_seconds') }} as is_late,
        converted.follow_up_key is not null as is_converted
    from delivered
    left join converted
        on delivered.follow_up_key = converted.follow_up_key

),

counted as (

    select
        trigger,
        day_on,
        count(*) as follow_ups,
        percentile_cont(0.5) within group (order by seconds) as p50_seconds,
        percentile_cont(0.95) within group (order by seconds) as p95_seconds,
        percentile_cont(0.5) within group (order by seconds_since_trigger) as p50_seconds_since_trigger,
        percentile_cont(0.95) within group (order by seconds_since_trigger) as p95_seconds_since_trigger,
        count(case when is_late then 1 end) as late,
        count(case when is_converted then 1 end) as converted,
        count(case when is_late and is_converted then 1 end) as late_converted
    from judged
    group by trigger, day_on

),

final as (

    select
        -- keys
        trigger,
        day_on,

        -- measures
        follow_ups,
        cast(p50_seconds as double) as p50_seconds,
        cast(p95_seconds as double) as p95_seconds,
        late / nullif(cast(follow_ups as double), 0) as late_share,
        converted / nullif(cast(follow_ups as double), 0) as conversion_rate,

        -- beyond the contract
        late,
        converted,
        late_converted,
        (converted - late_converted) / nullif(cast(follow_ups - late as double), 0) as prompt_conversion_rate,
        late_converted / nullif(cast(late as double), 0) as late_conversion_rate,
        cast(p50_seconds_since_trigger as double) as p50_seconds_since_trigger,
        cast(p95_seconds_since_trigger as double) as p95_seconds_since_trigger,
        day_on + interval '1' day + interval '{{ var("attribution_window_days") }}' day
        <= {{ as_of_now() }} as is_closed
    from counted

)

select * from final
