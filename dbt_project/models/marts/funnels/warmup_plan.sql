{%- set today = 'cast(' ~ as_of_now() ~ ' as date)' -%}
with

streams as (

    select * from {{ ref('warmup_streams') }}

),

ramps as (

    select * from {{ ref('int_warmup_ramps') }}

),

walks as (

    select * from {{ ref('int_warmup_walks') }}

),

-- How far each stream has come: the step that its next day is for, and the day from which on nothing has happened yet.
standings as (

    select
        streams.stream,
        streams.starts_on,
        greatest(streams.starts_on, {{ today }}) as open_from,
        max(walks.step_number + case when walks.is_carried then 1 else 0 end) as next_step,
        max(walks.last_step) as last_step,
        max(case when walks.reason = 'target_reached' then walks.day_on end) as reached_on
    from streams
    inner join walks
        on streams.stream = walks.stream
    group by streams.stream, streams.starts_on

),

digits as (
    {{ digits() }}
),

numbers as (

    select 1000 * thousands.digit + 100 * hundreds.digit + 10 * tens.digit + ones.digit as number
    from digits as thousands
    cross join digits as hundreds
    cross join digits as tens
    cross join digits as ones

),

past_days as (

    select
        standings.stream,
        standings.starts_on,
        cast(standings.starts_on + numbers.number as date) as day_on,
        false as is_open,
        least(standings.next_step, standings.last_step) as step_number
    from standings
    inner join numbers
        on
            standings.starts_on + numbers.number < standings.open_from
            and standings.starts_on + numbers.number <= coalesce(standings.reached_on, standings.open_from)

),

-- A step a day from here on.
open_days as (

    select
        standings.stream,
        standings.starts_on,
        cast(standings.open_from + numbers.number as date) as day_on,
        true as is_open,
        standings.next_step + numbers.number as step_number
    from standings
    inner join numbers
        on standings.next_step + numbers.number <= standings.last_step

),

days as (

    select * from past_days
    union all
    select * from open_days

),

-- A day without mail is planned like the day with mail after it, or else like the next one to come: plans never fall.
planned_days as (

    select
        days.stream,
        days.starts_on,
        days.day_on,
        days.is_open,
        walks.reason,
        min(coalesce(walks.planned, ramps.volume)) over (
            partition by days.stream
            order by days.day_on
            rows between current row and unbounded following
        ) as planned
    from days
    inner join ramps
        on
            days.stream = ramps.stream
            and days.step_number = ramps.step_number
    left join walks
        on
            days.stream = walks.stream
            and days.day_on = walks.day_on

),

final as (

    select
        -- keys
        planned_days.stream,
        planned_days.day_on,

        -- measures and attributes, in the contract's order
        planned_days.planned,
        case when not planned_days.is_open then coalesce(stream_days.actual, 0) end as actual,
        {{ warmup_audience('planned_days.day_on', 'planned_days.starts_on') }} as audience,
        case
            when not planned_days.is_open then coalesce(planned_days.reason in ('ok', 'target_reached'), false)
        end as ok_to_ramp,
        coalesce(planned_days.reason, case when planned_days.is_open then 'to_come' else 'nothing_sent' end) as reason,

        -- beyond the contract
        case when not planned_days.is_open then stream_days.delivered end as delivered,
        case when not planned_days.is_open then stream_days.hard_bounces end as hard_bounces,
        case when not planned_days.is_open then stream_days.complaints end as complaints,
        case when not planned_days.is_open then stream_days.outside_audience end as outside_audience
    from planned_days
    left join {{ ref('int_stream_days') }} as stream_days
        on
            planned_days.stream = stream_days.stream
            and planned_days.day_on = stream_days.day_on

)

select * from final
