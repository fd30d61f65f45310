-- What is declared, with the defaults filled in. A line that cannot be read stops the build and says which, for a
-- trigger that silently never fired would be believed.
with

declared as (

    select
        {{ filled('trigger') }} as trigger,
        {{ filled('micro_conversion') }} as micro_conversion,
        {{ filled('segment') }} as segments,
        coalesce(delay_minutes, 0) as delay_minutes,
        coalesce(cap_hours, {{ var('follow_up_cap_hours') }}) as cap_hours,
        {{ filled('quiet_from') }} as quiet_from,
        {{ filled('quiet_to') }} as quiet_to,
        {{ minute_of_day(filled('quiet_from')) }} as quiet_from_minute,
        {{ minute_of_day(filled('quiet_to')) }} as quiet_to_minute,
        coalesce(expires_hours, {{ var('follow_up_expires_hours') }}) as expires_hours,
        priority
    from {{ ref('triggers') }}

),

judged as (

    select
        *,
        case
            when trigger is null then 'it has no name'
            when micro_conversion is null then 'it names no micro-conversion'
            when quiet_from is not null and quiet_from_minute is null
                then '`' || quiet_from || '` is no time of day such as 21:00'
            when quiet_to is not null and quiet_to_minute is null
                then '`' || quiet_to || '` is no time of day such as 08:00'
            when (quiet_from is null) != (quiet_to is null)
                then 'quiet hours need both quiet_from and quiet_to'
            when delay_minutes < 0 or cap_hours < 0 or expires_hours < 0
                then 'delay_minutes, cap_hours and expires_hours cannot be negative'
            when delay_minutes >= expires_hours * 60
                then 'it expires (expires_hours) before its delay is over, and would never go out'
            when quiet_from_minute = 0 and quiet_to_minute = 1440
                then 'quiet hours all day would let nothing go out'
            when count(*) over (partition by trigger) > 1 then 'the name stands twice'
        end as problem
    from declared

),

final as (

    select
        -- keys
        case
            when problem is null then trigger
            else cast({{ raise_error(
                "'triggers.csv, trigger ' || coalesce(trigger, '(none)') || ': ' || problem"
                ~ " || '. Correct the line, then run again.'"
            ) }} as varchar)
        end as trigger,

        -- attributes
        micro_conversion,
        segments,
        delay_minutes,
        cap_hours,
        quiet_from_minute,
        quiet_to_minute,
        expires_hours,
        priority
    from judged

)

select * from final
