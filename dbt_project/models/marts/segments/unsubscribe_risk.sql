with

risks as (

    select
        risks.*,
        counts.messages,
        counts.losses
    from {{ ref('int_loss_risks') }} as risks
    inner join {{ ref('int_loss_counts') }} as counts
        on
            risks.engagement_tier = counts.engagement_tier
            and risks.pressure = counts.pressure
            and risks.experience = counts.experience

),

subscribers as (

    select
        subscribers.subscriber_key,
        pressures.subscriber_number is not null as is_subscribed,
        pressures.engagement_tier,
        pressures.pressure,
        pressures.experience
    from {{ ref('int_subscribers') }} as subscribers
    left join {{ ref('int_subscriber_pressures') }} as pressures
        on subscribers.subscriber_number = pressures.subscriber_number

),

final as (

    select
        -- keys
        subscribers.subscriber_key,

        -- measures
        risks.probability as probability_unsubscribe,
        case
            when risks.probability >= {{ var('loss_risk_high') }} * risks.account_rate then 'high'
            when risks.probability < {{ var('loss_risk_low') }} * risks.account_rate then 'low'
            when risks.probability is not null then 'medium'
        end as risk_band,
        case when subscribers.is_subscribed then risks.main_reason else 'not subscribed' end as main_reason,

        -- beyond the contract: what happened to messages in like circumstances
        risks.messages as like_messages,
        risks.losses as like_losses,
        {{ wilson_lo('risks.losses', 'risks.messages') }} as like_loss_rate_lo,
        {{ wilson_hi('risks.losses', 'risks.messages') }} as like_loss_rate_hi,
        risks.account_rate as account_loss_rate
    from subscribers
    left join risks
        on
            subscribers.engagement_tier = risks.engagement_tier
            and subscribers.pressure = risks.pressure
            and subscribers.experience = risks.experience

)

select * from final
