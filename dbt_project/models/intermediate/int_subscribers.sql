with

declared_subscribers as (

    select * from {{ ref('stg_subscribers__subscribers') }}

),

sightings as (

    select
        subscriber_key,
        least(occurred_at, coalesce(sent_at, occurred_at)) as seen_at
    from {{ ref('int_email_events') }}
    where subscriber_key is not null

    union all

    select
        subscriber_key,
        occurred_at as seen_at
    from {{ ref('int_site_events') }}
    where subscriber_key is not null

    union all

    select
        subscriber_key,
        signed_up_at as seen_at
    from declared_subscribers
    where subscriber_key is not null

    union all

    select
        subscriber_key,
        assigned_at as seen_at
    from {{ ref('stg_assignments__arms') }}
    where subscriber_key is not null

),

-- Events of erased people stay and say no longer whose they are: nobody is made of them.
erased as (

    select subscriber_key from {{ source('retained', 'erased_subjects') }}

),

first_sightings as (

    select
        sightings.subscriber_key,
        min(sightings.seen_at) as first_seen_at
    from sightings
    left join erased
        on sightings.subscriber_key = erased.subscriber_key
    where erased.subscriber_key is null
    group by sightings.subscriber_key

),

final as (

    select
        -- keys
        cast(row_number() over (order by first_sightings.subscriber_key) as integer) as subscriber_number,
        first_sightings.subscriber_key,

        -- attributes
        declared_subscribers.signup_source,
        declared_subscribers.time_zone,

        -- times
        first_sightings.first_seen_at,
        declared_subscribers.signed_up_at
    from first_sightings
    left join declared_subscribers
        on first_sightings.subscriber_key = declared_subscribers.subscriber_key

)

select * from final
