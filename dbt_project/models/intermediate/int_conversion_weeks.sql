with

recipients as (

    select
        cast(date_trunc('week', delivered_at) as date) as week_on,
        count(distinct subscriber_key) as recipients
    from {{ ref('int_messages') }}
    where is_delivered
    group by cast(date_trunc('week', delivered_at) as date)

),

converted as (

    select
        facts.micro_conversion as conversion,
        cast(date_trunc('week', facts.occurred_at) as date) as week_on,
        count(distinct facts.subscriber_key) as subscribers
    from {{ ref('fct_micro_conversions') }} as facts
    inner join {{ ref('int_messages') }} as messages
        on
            facts.subscriber_key = messages.subscriber_key
            and date_trunc('week', facts.occurred_at) = date_trunc('week', messages.delivered_at)
    where messages.is_delivered
    group by facts.micro_conversion, cast(date_trunc('week', facts.occurred_at) as date)

),

final as (

    select
        -- keys
        catalogue.micro_conversion as conversion,
        recipients.week_on,

        -- attributes
        catalogue.is_macro,

        -- measures
        recipients.recipients,
        coalesce(converted.subscribers, 0) as subscribers
    from recipients
    cross join {{ ref('dim_micro_conversions') }} as catalogue
    left join converted
        on
            catalogue.micro_conversion = converted.conversion
            and recipients.week_on = converted.week_on
    where recipients.week_on + interval 7 day <= {{ as_of_now() }}

)

select * from final
