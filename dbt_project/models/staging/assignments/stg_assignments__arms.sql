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

-- Who is assigned to nothing is left out by the join: a filter would have each record taken apart once more.
assignees as (

    select
        experiment,
        case when experiment is not null and variant is not null then email end as email,
        variant,
        assigned_at
    from typed

),

assigned as (

    select
        {{ mask_personal('assignees.experiment') }} as experiment,
        identities.subscriber_key,
        {{ mask_personal('assignees.variant') }} as variant,
        assignees.assigned_at
    from assignees
    inner join identities
        on assignees.email = identities.email

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
