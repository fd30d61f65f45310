{%- set fields = ['experiment', 'email', 'variant', 'assigned_at'] -%}
with

records as (

    {{ published_records('assignments', fields) }}

),

identities as (

    select
        email,
        subscriber_key
    from {{ source('restricted', 'subscriber_identities') }}

),

typed as (

    select
        {{ filled('experiment') }} as experiment,
        {{ normalised_email('email') }} as email,
        {{ filled('variant') }} as variant,
        {{ utc_timestamp('assigned_at') }} as assigned_at
    from records

),

assigned as (

    select
        {{ mask_personal('typed.experiment') }} as experiment,
        identities.subscriber_key,
        {{ mask_personal('typed.variant') }} as variant,
        typed.assigned_at
    from typed
    inner join identities
        on typed.email = identities.email
    where typed.experiment is not null and typed.variant is not null

),

arms as (

    select
        experiment,
        subscriber_key,
        variant,
        min(assigned_at) as assigned_at
    from assigned
    group by experiment, subscriber_key, variant

),

final as (

    select
        -- keys
        experiment,
        subscriber_key,
        variant,

        -- attributes
        count(*) over (partition by experiment, subscriber_key) > 1 as is_ambiguous,

        -- times
        assigned_at
    from arms

)

select * from final
