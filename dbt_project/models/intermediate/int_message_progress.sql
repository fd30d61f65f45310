{%- set window = "interval '" ~ var('funnel_window_days') ~ "' day" -%}
-- Each step is the first event of its kind at or after the step before it, so that an early open or conversion does
-- not hide a later one that is in order.
with

messages as (

    select
        message_key,
        subscriber_key,
        campaign_key,
        variant,
        sent_at,
        sent_at + {{ window }} as ends_at,
        case when delivered_at <= sent_at + {{ window }} then delivered_at end as delivered_at
    from {{ ref('int_messages') }}
    where is_sent

),

engagements as (

    select
        message_key,
        event_type,
        occurred_at
    from {{ ref('int_email_events') }}
    where
        message_key is not null
        and actor = 'human'
        and event_type in ('opened', 'clicked')

),

conversions as (

    select
        facts.message_key,
        facts.occurred_at,
        catalogue.stage
    from {{ ref('fct_micro_conversions') }} as facts
    inner join {{ ref('dim_micro_conversions') }} as catalogue
        on facts.micro_conversion = catalogue.micro_conversion
    where
        facts.message_key is not null
        and catalogue.stage in (3, 4)

),

-- A click shows that the message was open at that moment, also where its images were not loaded.
engaged as (

    select
        messages.message_key,
        messages.ends_at,
        min(engagements.occurred_at) as opened_at,
        min(case when engagements.event_type = 'clicked' then engagements.occurred_at end) as clicked_at
    from messages
    inner join engagements
        on
            messages.message_key = engagements.message_key
            and messages.delivered_at <= engagements.occurred_at
            and messages.ends_at >= engagements.occurred_at
    group by messages.message_key, messages.ends_at

),

deeply_converted as (

    select
        engaged.message_key,
        engaged.ends_at,
        min(conversions.occurred_at) as deep_converted_at
    from engaged
    inner join conversions
        on
            engaged.message_key = conversions.message_key
            and engaged.clicked_at <= conversions.occurred_at
            and engaged.ends_at >= conversions.occurred_at
    where conversions.stage = 3
    group by engaged.message_key, engaged.ends_at

),

macro_converted as (

    select
        deeply_converted.message_key,
        min(conversions.occurred_at) as macro_converted_at
    from deeply_converted
    inner join conversions
        on
            deeply_converted.message_key = conversions.message_key
            and deeply_converted.deep_converted_at <= conversions.occurred_at
            and deeply_converted.ends_at >= conversions.occurred_at
    where conversions.stage = 4
    group by deeply_converted.message_key

),

final as (

    select
        -- keys
        engaged.message_key,

        -- attributes
        case
            when macro_converted.macro_converted_at is not null then 6
            when deeply_converted.deep_converted_at is not null then 5
            when engaged.clicked_at is not null then 4
            else 3
        end as furthest_step,

        -- times
        engaged.opened_at,
        engaged.clicked_at,
        deeply_converted.deep_converted_at,
        macro_converted.macro_converted_at
    from engaged
    left join deeply_converted
        on engaged.message_key = deeply_converted.message_key
    left join macro_converted
        on engaged.message_key = macro_converted.message_key

)

select * from final
