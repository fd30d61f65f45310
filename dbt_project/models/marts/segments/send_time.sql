with

subscribers as (

    select
        subscribers.subscriber_number,
        subscribers.subscriber_key,
        profiles.persona
    from {{ ref('int_subscribers') }} as subscribers
    inner join {{ ref('int_subscriber_profiles') }} as profiles
        on
            subscribers.subscriber_number = profiles.subscriber_number
            and profiles.is_now

),

rates as (

    select * from {{ ref('int_response_rates') }}

),

account as (

    select max(account_rate) as account_rate
    from rates

),

effects as (

    select * from {{ ref('int_send_effects') }}

),

slots as (

    select
        slots.subscriber_number,
        slots.axis,
        slots.slot,
        slots.messages,
        cast(slots.excess as double) as excess,
        cast(slots.information as double) as information,
        effects.effect as persona_effect,
        effects.variance as persona_variance,
        effects.messages as account_messages
    from {{ ref('int_send_slots') }} as slots
    inner join subscribers
        on slots.subscriber_number = subscribers.subscriber_number
    inner join effects
        on
            subscribers.persona = effects.persona
            and slots.axis = effects.axis
            and slots.slot = effects.slot

),

spreads as (

    select
        axis,
        {{ log_odds_spread('(excess - information * persona_effect)', 'information') }} as spread
    from slots
    group by axis

),

-- Who had mail enough at more than one time, and where subscribers differ at all.
informed_subscribers as (

    select slots.subscriber_number
    from slots
    inner join spreads
        on slots.axis = spreads.axis
    inner join rates
        on slots.subscriber_number = rates.subscriber_number
    where
        rates.messages >= {{ var('send_time_least_messages') }}
        and spreads.spread is not null
        and slots.information > 0
    group by slots.subscriber_number

),

drawn as (

    select
        slots.subscriber_number,
        slots.axis,
        slots.slot,
        slots.messages,
        slots.account_messages,
        {{ drawn_log_odds('slots.excess', 'slots.information', 'spreads.spread', 'slots.persona_effect') }} as effect,
        {{ drawn_log_odds_variance('slots.information', 'spreads.spread', 'slots.persona_variance') }} as variance
    from slots
    inner join informed_subscribers
        on slots.subscriber_number = informed_subscribers.subscriber_number
    inner join spreads
        on slots.axis = spreads.axis

),

-- The best slot, beside the mean of those that mail was sent at so far.
subscriber_choices as (

    select
        subscriber_number,
        axis,
        slot,
        effect,
        variance,
        cast(sum(cast(effect * messages as decimal(28, 9))) over (partition by subscriber_number, axis) as double)
        / sum(messages) over (partition by subscriber_number, axis) as mailed_effect,
        row_number() over (
            partition by subscriber_number, axis
            order by round(effect, 9) desc, account_messages desc, slot asc
        ) as place
    from drawn

),

persona_choices as (

    select
        persona,
        axis,
        slot,
        effect,
        variance,
        is_persona_s,
        cast(sum(cast(effect * messages as decimal(28, 9))) over (partition by persona, axis) as double)
        / nullif(sum(messages) over (partition by persona, axis), 0) as mailed_effect,
        row_number() over (
            partition by persona, axis
            order by round(effect, 9) desc, messages desc, slot asc
        ) as place
    from effects

),

subscriber_hours as (

    select
        subscriber_number,
        sum(case axis when 'hour' then slot else 24 * slot end) as hour_of_week,
        sum(round(effect - mailed_effect, 9)) as gain,
        sum(variance) as variance
    from subscriber_choices
    where place = 1
    group by subscriber_number

),

persona_hours as (

    select
        persona,
        max(case when is_persona_s then 1 else 0 end) = 1 as is_persona_s,
        sum(case axis when 'hour' then slot else 24 * slot end) as hour_of_week,
        sum(round(effect - mailed_effect, 9)) as gain,
        sum(variance) as variance
    from persona_choices
    where place = 1
    group by persona

),

chosen as (

    select
        subscribers.subscriber_key,
        coalesce(subscriber_hours.hour_of_week, persona_hours.hour_of_week) as hour_of_week,
        coalesce(subscriber_hours.gain, persona_hours.gain) as gain,
        sqrt(coalesce(subscriber_hours.variance, persona_hours.variance)) as deviation,
        coalesce(rates.response_rate, account.account_rate) as baseline_rate,
        case
            when subscriber_hours.subscriber_number is not null then 'subscriber'
            when persona_hours.is_persona_s then 'segment'
            when persona_hours.persona is not null then 'account'
        end as evidence_level,
        coalesce(rates.messages, 0) as messages,
        coalesce(rates.responses, 0) as responses
    from subscribers
    cross join account
    left join rates
        on subscribers.subscriber_number = rates.subscriber_number
    left join subscriber_hours
        on subscribers.subscriber_number = subscriber_hours.subscriber_number
    left join persona_hours
        on subscribers.persona = persona_hours.persona

),

expected as (

    select
        *,
        {{ rate_at_odds('baseline_rate', 'exp(gain)') }} as best_rate,
        {{ rate_at_odds('baseline_rate', 'exp(gain - 1.959963984540054e0 * deviation)') }} as best_rate_lo,
        {{ rate_at_odds('baseline_rate', 'exp(gain + 1.959963984540054e0 * deviation)') }} as best_rate_hi
    from chosen

),

final as (

    select
        -- keys
        subscriber_key,

        -- measures
        cast(hour_of_week as integer) as best_hour_of_week,
        round(best_rate, 9) as best_rate,
        case when hour_of_week is not null then baseline_rate end as baseline_rate,
        round(best_rate - baseline_rate, 9) as expected_gain,
        evidence_level,
        cast(messages as integer) as observations,

        -- beyond the contract
        cast(responses as integer) as responses,
        round(best_rate_lo - baseline_rate, 9) as expected_gain_lo,
        round(best_rate_hi - baseline_rate, 9) as expected_gain_hi
    from expected

)

select * from final
