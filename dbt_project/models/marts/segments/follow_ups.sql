{%- set now = as_of_now() -%}
-- What was due once stays in the record, so that a delivery outlives the event that led to it, and a follow-up whose
-- event turns out to be no person's is withdrawn rather than forgotten.
with

candidates as (

    select * from {{ ref('int_follow_up_candidates') }}

),

recorded as (

    select * from {{ source('pipeline', 'follow_ups') }}

),

deliveries as (

    select * from {{ source('pipeline', 'follow_up_deliveries') }}

),

withdrawn as (

    select
        recorded.*,
        case when events.actor != 'human' then 'machine' else 'withdrawn' end as reason
    from recorded
    left join candidates
        on recorded.follow_up_key = candidates.follow_up_key
    left join {{ ref('int_email_events') }} as events
        on recorded.event_key = events.event_key
    where candidates.follow_up_key is null

),

known as (

    select
        candidates.follow_up_key,
        candidates.trigger,
        candidates.subscriber_key,
        candidates.micro_conversion_key,
        candidates.micro_conversion,
        candidates.triggered_at,
        coalesce(case when deliveries.delivered_at is not null then recorded.due_at end, candidates.due_at) as due_at,
        candidates.ripe_at,
        candidates.expires_at,
        candidates.quiet_until_at,
        candidates.cap_hours,
        candidates.priority,
        recorded.landed_at,
        deliveries.delivered_at,
        case
            when candidates.complained_at >= coalesce(candidates.opted_in_at, candidates.complained_at)
                then 'complained'
            when candidates.unsubscribed_at >= coalesce(candidates.opted_in_at, candidates.unsubscribed_at)
                then 'unsubscribed'
            when candidates.bounced_at >= coalesce(candidates.opted_in_at, candidates.bounced_at)
                then 'bounced'
            when not candidates.is_expected and candidates.opted_in_at is null then 'no_consent'
            when candidates.converted_at is not null then 'already_converted'
        end as reason
    from candidates
    left join recorded
        on candidates.follow_up_key = recorded.follow_up_key
    left join deliveries
        on candidates.follow_up_key = deliveries.follow_up_key

    union all

    select
        withdrawn.follow_up_key,
        withdrawn.trigger,
        withdrawn.subscriber_key,
        withdrawn.micro_conversion_key,
        withdrawn.micro_conversion,
        withdrawn.triggered_at,
        withdrawn.due_at,
        withdrawn.due_at as ripe_at,
        withdrawn.expires_at,
        null as quiet_until_at,
        null as cap_hours,
        null as priority,
        withdrawn.landed_at,
        deliveries.delivered_at,
        withdrawn.reason
    from withdrawn
    left join deliveries
        on withdrawn.follow_up_key = deliveries.follow_up_key

),

contacts as (

    select
        recorded.subscriber_key,
        deliveries.follow_up_key,
        deliveries.delivered_at
    from deliveries
    inner join recorded
        on deliveries.follow_up_key = recorded.follow_up_key

),

-- Those whose subscriber another follow-up reached too shortly before, or while they waited.
capped as (

    select distinct known.follow_up_key
    from known
    inner join contacts
        on
            known.subscriber_key = contacts.subscriber_key
            and known.follow_up_key != contacts.follow_up_key
            and known.due_at - known.cap_hours * interval '1' hour < contacts.delivered_at
            and known.expires_at >= contacts.delivered_at
    where
        known.delivered_at is null
        and known.cap_hours > 0

),

judged as (

    select
        known.*,
        known.expires_at <= {{ now }} as is_over,
        coalesce(
            known.reason,
            case
                when known.delivered_at is not null then null
                when capped.follow_up_key is not null then 'capped'
                -- Either all of its time is quiet, or the present is.
                when known.ripe_at < known.expires_at and known.due_at >= known.expires_at then 'quiet_hours'
                when
                    known.expires_at > {{ now }}
                    and known.ripe_at <= {{ now }}
                    and known.quiet_until_at > {{ now }}
                    then 'quiet_hours'
            end
        ) as reason_so_far
    from known
    left join capped
        on known.follow_up_key = capped.follow_up_key

),

-- Who goes next to a subscriber: of those that may go now the one of the first priority, then the next to fall due.
in_line as (

    select
        follow_up_key,
        greatest(due_at, {{ now }}) as goes_at,
        row_number() over line as place,
        first_value(greatest(due_at, {{ now }})) over line as first_goes_at
    from judged
    where
        reason_so_far is null
        and delivered_at is null
        and not is_over
    window line as (
        partition by subscriber_key
        order by greatest(due_at, {{ now }}), priority nulls last, triggered_at, follow_up_key
    )

),

decided as (

    select
        judged.*,
        case
            when judged.delivered_at is not null then null
            when
                in_line.place > 1
                and in_line.goes_at < in_line.first_goes_at + judged.cap_hours * interval '1' hour
                then 'capped'
            else judged.reason_so_far
        end as suppressed_reason
    from judged
    left join in_line
        on judged.follow_up_key = in_line.follow_up_key

),

final as (

    select
        -- keys
        follow_up_key,
        trigger,
        subscriber_key,
        micro_conversion_key,
        micro_conversion,

        -- times
        triggered_at,
        due_at,

        -- attributes
        case
            when delivered_at is not null then 'delivered'
            when suppressed_reason is not null then 'suppressed'
            when is_over then 'expired'
            else 'due'
        end as status,
        suppressed_reason,

        -- times
        delivered_at,

        -- beyond the contract
        priority,
        expires_at,
        case
            when delivered_at is not null or is_over then null
            when suppressed_reason is null then due_at
            when suppressed_reason = 'quiet_hours' and quiet_until_at < expires_at then quiet_until_at
        end as sendable_at,
        landed_at
    from decided

)

select * from final
