with

zones as (
    {{ known_time_zones() }}
),

triggers as (

    select * from {{ ref('int_triggers') }}

),

trigger_segments as (

    select
        triggers.trigger,
        trim(parts.segment) as segment
    from triggers
    {{ split_rows("triggers.segments", '[|]', 'parts', 'segment') }}
    where triggers.segments is not null

),

micro_conversions as (

    select * from {{ ref('fct_micro_conversions') }}
    where subscriber_key is not null

),

triggered as (

    select
        triggers.trigger,
        triggers.segments,
        triggers.cap_hours,
        triggers.quiet_from_minute,
        triggers.quiet_to_minute,
        triggers.priority,
        micro_conversions.subscriber_key,
        micro_conversions.micro_conversion_key,
        micro_conversions.micro_conversion,
        micro_conversions.event_key,
        micro_conversions.family,
        micro_conversions.is_macro,
        micro_conversions.occurred_at as triggered_at,
        micro_conversions.occurred_at + triggers.delay_minutes * interval '1' minute as ripe_at,
        micro_conversions.occurred_at + triggers.expires_hours * interval '1' hour as expires_at
    from micro_conversions
    inner join triggers
        on micro_conversions.micro_conversion = triggers.micro_conversion

),

-- In the segment when it happened, or with what happened on that day: a first download makes its reader one who intends
-- something, and a click of someone who had lapsed ends that.
in_segment as (

    select distinct
        triggered.trigger,
        triggered.micro_conversion_key
    from triggered
    inner join trigger_segments
        on triggered.trigger = trigger_segments.trigger
    inner join {{ ref('segment_membership') }} as stays
        on
            trigger_segments.segment = stays.segment
            and triggered.subscriber_key = stays.subscriber_key
            and cast(triggered.triggered_at as date) + interval '1' day > stays.entered_at
            and triggered.triggered_at < coalesce(stays.left_at, timestamp '9999-12-31')

),

-- What is judged of a follow-up ends with it: one that has expired keeps its reason, whatever happens later.
meant as (

    select
        triggered.*,
        coalesce(zones.time_zone, '{{ var("account_time_zone") }}') as time_zone,
        case
            when triggered.expires_at <= {{ as_of_now() }} then triggered.expires_at
            else timestamp '9999-12-31'
        end as judged_until_at
    from triggered
    left join in_segment
        on
            triggered.trigger = in_segment.trigger
            and triggered.micro_conversion_key = in_segment.micro_conversion_key
    left join {{ ref('int_subscribers') }} as subscribers
        on triggered.subscriber_key = subscribers.subscriber_key
    left join zones
        on lower(subscribers.time_zone) = lower(zones.time_zone)
    where triggered.segments is null or in_segment.trigger is not null

),

permissions as (

    select
        meant.trigger,
        meant.micro_conversion_key,
        max(case when changes.change = 'opted_in' then changes.occurred_at end) as opted_in_at,
        max(case when changes.change = 'complained' then changes.occurred_at end) as complained_at,
        max(case when changes.change = 'unsubscribed' then changes.occurred_at end) as unsubscribed_at,
        max(case when changes.change = 'bounced' then changes.occurred_at end) as bounced_at
    from meant
    inner join {{ ref('int_mail_permissions') }} as changes
        on
            meant.subscriber_key = changes.subscriber_key
            and meant.judged_until_at >= changes.occurred_at
    group by meant.trigger, meant.micro_conversion_key

),

-- A follow-up on a macro-conversion does not wait for one.
conversions as (

    select
        meant.trigger,
        meant.micro_conversion_key,
        min(macro_conversions.occurred_at) as converted_at
    from meant
    inner join micro_conversions as macro_conversions
        on
            meant.subscriber_key = macro_conversions.subscriber_key
            and meant.triggered_at <= macro_conversions.occurred_at
            and meant.micro_conversion_key != macro_conversions.micro_conversion_key
            and meant.judged_until_at >= macro_conversions.occurred_at
    where
        macro_conversions.is_macro
        and not meant.is_macro
    group by meant.trigger, meant.micro_conversion_key

),

mailed as (

    select distinct subscriber_key
    from {{ ref('int_messages') }}
    where is_sent

),

local_times as (

    select
        *,
        case
            when quiet_from_minute is not null
                then {{ utc_to_local('ripe_at', 'time_zone') }}
        end as local_ripe_at,
        case
            when quiet_from_minute is not null and expires_at > {{ as_of_now() }}
                then {{ utc_to_local(as_of_now(), 'time_zone') }}
        end as local_now
    from meant

),

final as (

    select
        -- keys
        {{ surrogate_key([
            'local_times.trigger', 'local_times.subscriber_key', 'local_times.micro_conversion_key'
        ]) }} as follow_up_key,
        local_times.trigger,
        local_times.subscriber_key,
        local_times.micro_conversion_key,
        local_times.event_key,

        -- attributes
        local_times.micro_conversion,
        local_times.cap_hours,
        local_times.priority,
        mailed.subscriber_key is not null
        or local_times.family in ('info_request', 'sign_up', 'order') as is_expected,

        -- times
        local_times.triggered_at,
        case
            when {{ is_quiet(
                'local_times.local_ripe_at', 'local_times.quiet_from_minute', 'local_times.quiet_to_minute'
            ) }}
                then {{ local_time_to_utc(
                    '(' ~ quiet_end('local_times.local_ripe_at', 'local_times.quiet_to_minute') ~ ')',
                    'local_times.time_zone'
                ) }}
            else local_times.ripe_at
        end as due_at,
        local_times.ripe_at,
        local_times.expires_at,
        case
            when {{ is_quiet(
                'local_times.local_now', 'local_times.quiet_from_minute', 'local_times.quiet_to_minute'
            ) }}
                then {{ local_time_to_utc(
                    '(' ~ quiet_end('local_times.local_now', 'local_times.quiet_to_minute') ~ ')',
                    'local_times.time_zone'
                ) }}
        end as quiet_until_at,
        case
            when local_times.quiet_from_minute != local_times.quiet_to_minute
                then {{ local_time_to_utc(
                    '(' ~ quiet_start(
                        'greatest(local_times.local_ripe_at, local_times.local_now)', 'local_times.quiet_from_minute'
                    ) ~ ')',
                    'local_times.time_zone'
                ) }}
        end as quiet_from_at,
        permissions.opted_in_at,
        permissions.complained_at,
        permissions.unsubscribed_at,
        permissions.bounced_at,
        conversions.converted_at
    from local_times
    left join permissions
        on
            local_times.trigger = permissions.trigger
            and local_times.micro_conversion_key = permissions.micro_conversion_key
    left join conversions
        on
            local_times.trigger = conversions.trigger
            and local_times.micro_conversion_key = conversions.micro_conversion_key
    left join mailed
        on local_times.subscriber_key = mailed.subscriber_key

)

select * from final
