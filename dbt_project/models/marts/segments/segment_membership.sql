-- Each profile meets each alternative of each segment once, in a stream: nothing is held but what matches.
with

conditions as (

    select * from {{ ref('int_segment_conditions') }}

),

lines as (

    select distinct
        segment,
        condition
    from conditions

),

segments as (

    select
        segment,
        {{ joined_text('condition', ' or ') }} as definition,
        cast(row_number() over (order by segment) as integer) as segment_number
    from lines
    group by segment

),

numbered_conditions as (

    select
        segments.segment_number,
        conditions.*
    from conditions
    inner join segments
        on conditions.segment = segments.segment

),

alternatives as (

    select
        segment_number,
        {{ segment_alternative() }}
    from numbered_conditions
    group by segment_number, line, alternative

),

profiles as (

    select
        profiles.*,
        subscribers.signed_up_at,
        subscribers.signup_source,
        subscribers.time_zone
    from {{ ref('int_subscriber_profiles') }} as profiles
    inner join {{ ref('int_subscribers') }} as subscribers
        on profiles.subscriber_number = subscribers.subscriber_number

),

matches as (

    select
        alternatives.segment_number,
        profiles.subscriber_number,
        profiles.state_number,
        profiles.as_of_at,
        profiles.next_as_of_at
    from profiles
    cross join alternatives
    where {{ segment_alternative_holds('profiles', 'alternatives') }}

),

-- Two alternatives may match one state: the dense rank counts it once.
runs as (

    select
        *,
        state_number - dense_rank() over (
            partition by segment_number, subscriber_number
            order by state_number
        ) as run
    from matches

),

stays as (

    select
        segment_number,
        subscriber_number,
        min(as_of_at) as entered_at,
        max(coalesce(next_as_of_at, timestamp '9999-12-31')) as left_at
    from runs
    group by segment_number, subscriber_number, run

),

final as (

    select
        -- keys
        segments.segment,
        subscribers.subscriber_key,

        -- times
        stays.entered_at,
        nullif(stays.left_at, timestamp '9999-12-31') as left_at,

        -- attributes
        stays.left_at = timestamp '9999-12-31' as is_current,
        segments.definition
    from stays
    inner join segments
        on stays.segment_number = segments.segment_number
    inner join {{ ref('int_subscribers') }} as subscribers
        on stays.subscriber_number = subscribers.subscriber_number

)

select * from final
