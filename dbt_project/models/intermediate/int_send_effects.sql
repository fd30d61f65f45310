with

slots as (

    select
        slots.*,
        profiles.persona
    from {{ ref('int_send_slots') }} as slots
    inner join {{ ref('int_subscriber_profiles') }} as profiles
        on
            slots.subscriber_number = profiles.subscriber_number
            and profiles.is_now

),

-- Mail of everyone, who never or always responds too.
messages as (

    select
        hour_of_week,
        count(*) as messages
    from {{ ref('int_message_responses') }}
    group by hour_of_week

),

message_slots as (
    {{ send_slots('messages', 'messages') }}
),

account_messages as (

    select
        axis,
        slot,
        sum(messages) as messages
    from message_slots
    group by axis, slot

),

persona_sums as (

    select
        persona,
        axis,
        slot,
        cast(sum(excess) as double) as excess,
        cast(sum(information) as double) as information
    from slots
    group by persona, axis, slot

),

account_sums as (

    select
        axis,
        slot,
        cast(sum(excess) as double) as excess,
        cast(sum(information) as double) as information
    from slots
    group by axis, slot

),

account_spreads as (

    select
        axis,
        {{ log_odds_spread('excess', 'information') }} as spread
    from account_sums
    group by axis

),

account_effects as (

    select
        account_sums.axis,
        account_sums.slot,
        {{ drawn_log_odds('account_sums.excess', 'account_sums.information', 'account_spreads.spread', '0') }}
            as effect,
        {{ drawn_log_odds_variance('account_sums.information', 'account_spreads.spread', '0') }} as variance,
        account_sums.information
    from account_sums
    inner join account_spreads
        on account_sums.axis = account_spreads.axis

),

persona_spreads as (

    select
        persona_sums.axis,
        {{ log_odds_spread(
            '(persona_sums.excess - persona_sums.information * account_effects.effect)', 'persona_sums.information'
        ) }} as spread
    from persona_sums
    inner join account_effects
        on
            persona_sums.axis = account_effects.axis
            and persona_sums.slot = account_effects.slot
    group by persona_sums.axis

),

personas as (

    select distinct persona
    from {{ ref('int_subscriber_profiles') }}
    where is_now

),

final as (

    select
        -- keys
        personas.persona,
        account_effects.axis,
        cast(account_effects.slot as integer) as slot,

        -- attributes
        persona_spreads.spread is not null and coalesce(persona_sums.information, 0) > 0 as is_persona_s,

        -- measures
        cast(coalesce(account_messages.messages, 0) as bigint) as messages,
        account_effects.information as account_information,
        {{ drawn_log_odds(
            'persona_sums.excess', 'persona_sums.information', 'persona_spreads.spread', 'account_effects.effect'
        ) }} as effect,
        {{ drawn_log_odds_variance(
            'persona_sums.information', 'persona_spreads.spread', 'account_effects.variance'
        ) }} as variance
    from account_effects
    cross join personas
    inner join persona_spreads
        on account_effects.axis = persona_spreads.axis
    left join persona_sums
        on
            personas.persona = persona_sums.persona
            and account_effects.axis = persona_sums.axis
            and account_effects.slot = persona_sums.slot
    left join account_messages
        on
            account_effects.axis = account_messages.axis
            and account_effects.slot = account_messages.slot

)

select * from final
