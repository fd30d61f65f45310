with

email_events as (

    select
        subscriber_key,
        occurred_at,
        case
            when event_type = 'resubscribed' then 'opted_in'
            when event_type = 'bounced' then 'bounced'
            when event_type in ('unsubscribed', 'complained') then event_type
        end as change
    from {{ ref('int_email_events') }}
    where
        subscriber_key is not null
        and (
            event_type in ('unsubscribed', 'resubscribed')
            or (event_type = 'complained' and coalesce(event_subtype, '') != 'not_spam')
            or (event_type = 'bounced' and bounce_type = 'hard')
        )

),

final as (

    select
        -- keys
        subscriber_key,
        change,
        occurred_at
    from email_events

    union

    select
        subscriber_key,
        'opted_in' as change,
        signed_up_at as occurred_at
    from {{ ref('int_subscribers') }}
    where signed_up_at is not null

)

select * from final
