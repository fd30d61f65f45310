{#- Halves of a period: what happens in the first is the exposure, what follows for as long is the outcome. -#}
{%- set half = 14 * 86400 -%}
with

closed_messages as (

    select
        subscriber_key,
        human_first_clicked_at,
        {{ period_number('delivered_at') }} as period_number,
        {{ seconds_into_period('delivered_at') }} < {{ half }} as is_first_half
    from {{ ref('int_messages') }}
    where is_delivered

),

-- How much of the period's mail a subscriber clicked tells the engaged of the next period.
engagements as (

    select
        subscriber_key,
        period_number + 1 as period_number,
        least(count(human_first_clicked_at), 2) as clicked_messages
    from closed_messages
    group by subscriber_key, period_number

),

conversions as (

    select
        subscriber_key,
        micro_conversion as conversion,
        is_macro,
        occurred_at,
        {{ period_number('occurred_at') }} as period_number,
        {{ seconds_into_period('occurred_at') }} as seconds_in
    from {{ ref('fct_micro_conversions') }}
    where subscriber_key is not null

),

buyers as (

    select distinct
        subscriber_key,
        period_number + 1 as period_number
    from conversions
    where is_macro

),

recipients as (

    select
        subscriber_key,
        period_number,
        case when count(*) = 1 then '1' when count(*) <= 4 then '2 to 4' else '5 or more' end as messages
    from closed_messages
    where is_first_half
    group by subscriber_key, period_number
    having (period_number + 1) * {{ period_seconds() }}
        <= {{ seconds_between("timestamp '1970-01-01'", as_of_now()) }}

),

-- Alike are those who received as many messages, and clicked and converted alike in the period before.
participants as (

    select
        recipients.subscriber_key,
        recipients.period_number,
        recipients.messages
        || ' messages, ' || coalesce(engagements.clicked_messages, 0) || ' clicked before, '
        || case when buyers.subscriber_key is null then 'not converted' else 'converted' end || ' before' as stratum
    from recipients
    left join engagements
        on
            recipients.subscriber_key = engagements.subscriber_key
            and recipients.period_number = engagements.period_number
    left join buyers
        on
            recipients.subscriber_key = buyers.subscriber_key
            and recipients.period_number = buyers.period_number

),

exposures as (

    select
        participants.subscriber_key,
        participants.period_number,
        participants.stratum,
        conversions.conversion,
        conversions.is_macro,
        min(conversions.occurred_at) as exposed_at
    from participants
    inner join conversions
        on
            participants.subscriber_key = conversions.subscriber_key
            and participants.period_number = conversions.period_number
    where conversions.seconds_in < {{ half }}
    group by
        participants.subscriber_key, participants.period_number, participants.stratum, conversions.conversion,
        conversions.is_macro

),

-- Without an exposure the clock starts in the middle of the half in which it might have come.
from_the_middle as (

    select distinct
        participants.subscriber_key,
        participants.period_number,
        participants.stratum,
        conversions.conversion,
        conversions.is_macro
    from participants
    inner join conversions
        on
            participants.subscriber_key = conversions.subscriber_key
            and participants.period_number = conversions.period_number
    where
        conversions.seconds_in > {{ half / 2 }}
        and conversions.seconds_in <= {{ half * 1.5 }}

),

from_the_exposure as (

    select
        exposures.subscriber_key,
        exposures.period_number,
        exposures.conversion as exposure,
        conversions.conversion as outcome
    from exposures
    inner join conversions
        on
            exposures.subscriber_key = conversions.subscriber_key
            and exposures.exposed_at < conversions.occurred_at
            and exposures.exposed_at + interval '{{ half }}' second >= conversions.occurred_at
    where exposures.is_macro != conversions.is_macro
    group by exposures.subscriber_key, exposures.period_number, exposures.conversion, conversions.conversion

),

pairs as (

    select
        exposures.micro_conversion as exposure,
        exposures.is_macro as exposure_is_macro,
        outcomes.micro_conversion as outcome
    from {{ ref('dim_micro_conversions') }} as exposures
    inner join {{ ref('dim_micro_conversions') }} as outcomes
        on exposures.is_macro != outcomes.is_macro

),

everyone as (

    select
        stratum,
        count(*) as participants
    from participants
    group by stratum

),

everyone_converted as (

    select
        stratum,
        conversion as outcome,
        count(*) as converted
    from from_the_middle
    group by stratum, conversion

),

exposed as (

    select
        stratum,
        conversion as exposure,
        count(*) as participants
    from exposures
    group by stratum, conversion

),

exposed_converted as (

    select
        exposures.stratum,
        exposures.conversion as exposure,
        pairs.outcome,
        count(from_the_exposure.subscriber_key) as converted,
        count(from_the_middle.subscriber_key) as converted_from_the_middle
    from exposures
    inner join pairs
        on exposures.conversion = pairs.exposure
    left join from_the_exposure
        on
            exposures.subscriber_key = from_the_exposure.subscriber_key
            and exposures.period_number = from_the_exposure.period_number
            and exposures.conversion = from_the_exposure.exposure
            and pairs.outcome = from_the_exposure.outcome
    left join from_the_middle
        on
            exposures.subscriber_key = from_the_middle.subscriber_key
            and exposures.period_number = from_the_middle.period_number
            and pairs.outcome = from_the_middle.conversion
    group by exposures.stratum, exposures.conversion, pairs.outcome

),

final as (

    select
        -- keys
        pairs.exposure,
        pairs.outcome,
        everyone.stratum,

        -- attributes
        pairs.exposure_is_macro,

        -- measures
        coalesce(exposed.participants, 0) as n_with,
        coalesce(exposed_converted.converted, 0) as x_with,
        everyone.participants - coalesce(exposed.participants, 0) as n_without,
        coalesce(everyone_converted.converted, 0)
        - coalesce(exposed_converted.converted_from_the_middle, 0) as x_without
    from pairs
    cross join everyone
    left join exposed
        on
            pairs.exposure = exposed.exposure
            and everyone.stratum = exposed.stratum
    left join exposed_converted
        on
            pairs.exposure = exposed_converted.exposure
            and pairs.outcome = exposed_converted.outcome
            and everyone.stratum = exposed_converted.stratum
    left join everyone_converted
        on
            pairs.outcome = everyone_converted.outcome
            and everyone.stratum = everyone_converted.stratum

)

select * from final
