with

records as (

    {{ published_records('assignments') }}

),

identities as (

    select
        email,
        subscriber_key
    from {{ source('restricted', 'subscriber_identities') }}

),

parsed as (

    select {{ json_record('record', ['experiment', 'email', 'variant', 'assigned_at']) }} as cells
    from records

),

typed as (

    select
        {{ filled('cells.experiment') }} as experiment,
        {{ normalised_email('cells.email') }} as email,
        {{ filled('cells.variant') }} as variant,
        {{ utc_timestamp('cells.assigned_at') }} as assigned_at
    from parsed

),

arms as (

    select
        typed.experiment,
        identities.subscriber_key,
        typed.variant,
        min(typed.assigned_at) as assigned_at
    from typed
    inner join identities
        on typed.email = identities.email
    where typed.experiment is not null and typed.variant is not null
    group by typed.experiment, identities.subscriber_key, typed.variant

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
