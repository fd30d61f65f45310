with

profiles as (

    select * from {{ ref('int_subscriber_profiles') }}

),

subscribers as (

    select * from {{ ref('int_subscribers') }}

),

-- The last state of each day.
days as (

    select
        subscriber_number,
        cast(as_of_at as date) as day_on,
        as_of_at,
        engagement_score,
        engagement_tier,
        persona,
        cast(last_human_engaged_at as date) = cast(as_of_at as date)
        or cast(opted_out_at as date) = cast(as_of_at as date) as has_counted_event
    from profiles
    where
        next_as_of_at is null
        or cast(next_as_of_at as date) > cast(as_of_at as date)

),

-- What a day leaves behind, beside what the day before it left.
compared as (

    select
        *,
        lag(engagement_tier) over (partition by subscriber_number order by day_on) as tier_before,
        lag(persona) over (partition by subscriber_number order by day_on) as persona_before
    from days

),

final as (

    select
        -- keys
        subscribers.subscriber_key,
        compared.day_on,

        -- measures
        compared.engagement_score,

        -- attributes
        compared.engagement_tier,
        compared.persona,

        -- times
        compared.as_of_at
    from compared
    inner join subscribers
        on compared.subscriber_number = subscribers.subscriber_number
    where
        compared.has_counted_event
        or compared.tier_before is distinct from compared.engagement_tier
        or compared.persona_before is distinct from compared.persona

)

select * from final
