with

identities as (

    select
        email,
        subscriber_key
    from {{ source('restricted', 'subscriber_identities') }}

),

-- Digests, since a site may use addresses for its user ids.
pairs as (

    select distinct
        md5(calls.user_id) as user_digest,
        md5(calls.anonymous_id) as anonymous_digest,
        identities.subscriber_key
    from {{ ref('stg_segment__calls') }} as calls
    left join identities
        on calls.email = identities.email

),

users as (

    select
        user_digest,
        min(subscriber_key) as subscriber_key
    from pairs
    where user_digest is not null
    group by user_digest
    having count(distinct subscriber_key) = 1

),

-- A visitor is also who their user id says they are.
visitors as (

    select
        pairs.anonymous_digest,
        min(coalesce(pairs.subscriber_key, users.subscriber_key)) as subscriber_key
    from pairs
    left join users
        on pairs.user_digest = users.user_digest
    where pairs.anonymous_digest is not null
    group by pairs.anonymous_digest
    having count(distinct coalesce(pairs.subscriber_key, users.subscriber_key)) = 1

),

final as (

    select
        'user' as identifier_type,
        user_digest as identifier_digest,
        subscriber_key
    from users

    union all

    select
        'visitor' as identifier_type,
        anonymous_digest as identifier_digest,
        subscriber_key
    from visitors

)

select * from final
