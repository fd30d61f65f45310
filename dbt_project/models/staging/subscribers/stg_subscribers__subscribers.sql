{%- set fields = ['email', 'signed_up_at', 'signup_source', 'time_zone', 'attributes', 'updated_at'] -%}
with

records as (

    {{ published_records('subscribers', fields) }}

),

identities as (

    select
        email,
        subscriber_key
    from {{ source('restricted', 'subscriber_identities') }}

),

typed as (

    select
        {{ normalised_email('email') }} as email,
        {{ mask_personal(filled('signup_source')) }} as signup_source,
        {{ mask_personal(filled('time_zone')) }} as time_zone,
        {{ filled('attributes') }} as attributes,
        {{ utc_timestamp('signed_up_at') }} as signed_up_at,
        {{ utc_timestamp('updated_at') }} as updated_at
    from records

),

final as (

    select
        -- keys
        identities.subscriber_key,

        -- attributes
        {{ newest_value('typed.signup_source', 'typed.updated_at') }} as signup_source,
        {{ newest_value('typed.time_zone', 'typed.updated_at') }} as time_zone,
        {{ newest_value('typed.attributes', 'typed.updated_at') }} as attributes,

        -- times
        {{ newest_value('typed.signed_up_at', 'typed.updated_at') }} as signed_up_at
    from typed
    inner join identities
        on typed.email = identities.email
    group by identities.subscriber_key

)

select * from final
