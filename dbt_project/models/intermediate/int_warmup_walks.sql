{#- From which part of the planned volume on a day has carried it, and which multiple is a leap (ours). -#}
{%- set carried_share, leap = 0.9, 2 -%}
with recursive

ramps as (

    select * from {{ ref('int_warmup_ramps') }}

),

-- A day counts when it is over.
mailed as (

    select
        *,
        row_number() over (partition by stream order by day_on) as mailing_number,
        complaints > delivered * {{ var('complaint_rate_target') }} as has_complaints,
        hard_bounces > actual * {{ var('hard_bounce_rate_target') }} as has_bounces
    from {{ ref('int_stream_days') }}
    where day_on < cast({{ as_of_now() }} as date)

),

-- From one day with mail to the next: a good day that carried its volume leads to the next step, any other is repeated.
walked as (

    select
        ramps.stream,
        cast(0 as bigint) as mailing_number,
        cast(1 as bigint) as step_number,
        ramps.last_step,
        cast(null as date) as day_on,
        cast(null as bigint) as planned,
        cast(null as varchar) as reason,
        false as is_carried
    from ramps
    where ramps.step_number = 1

    union all

    select
        walked.stream,
        mailed.mailing_number,
        walked.step_number + case when walked.is_carried then 1 else 0 end as step_number,
        ramps.last_step,
        mailed.day_on,
        ramps.volume as planned,
        case
            when mailed.has_complaints then 'complaints'
            when mailed.has_bounces then 'bounces'
            when mailed.actual > {{ leap }} * ramps.volume then 'over_plan'
            when mailed.actual < {{ carried_share }} * ramps.volume then 'under_plan'
            when ramps.step_number = ramps.last_step then 'target_reached'
            else 'ok'
        end as reason,
        not mailed.has_complaints
        and not mailed.has_bounces
        and mailed.actual between {{ carried_share }} * ramps.volume and {{ leap }} * ramps.volume as is_carried
    from walked
    inner join mailed
        on
            walked.stream = mailed.stream
            and walked.mailing_number + 1 = mailed.mailing_number
    inner join ramps
        on
            walked.stream = ramps.stream
            and walked.step_number + case when walked.is_carried then 1 else 0 end = ramps.step_number

),

final as (

    select
        -- keys
        stream,
        mailing_number,

        -- attributes
        step_number,
        last_step,
        reason,
        is_carried,

        -- measures
        planned,

        -- times
        day_on
    from walked

)

select * from final
