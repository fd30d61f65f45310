{%- set closing_days = closing_days() | int -%}
{#- methods.md section 2.1: below these the estimate of the open rate is noise. -#}
{%- set least_delivered, least_calibration_clicks = 10000, 30 -%}
with

messages as (

    select
        *,
        cast(sent_at as date) as sent_on,
        delivered_at is not null as is_delivered,
        human_first_opened_at is not null as is_opened,
        human_first_clicked_at is not null as is_clicked
    from {{ ref('fct_messages') }}

),

-- Whose opens a privacy proxy hides.
proxied_subscribers as (

    select
        subscriber_key,
        min(occurred_at) as first_proxied_at
    from {{ ref('int_event_actors') }}
    where
        class in ('machine_mpp', 'unknown')
        and subscriber_key is not null
    group by subscriber_key

),

-- What is learnt after a cohort has closed does not move its figures.
measured as (

    select
        messages.*,
        proxied_subscribers.subscriber_key is null as is_calibration
    from messages
    left join proxied_subscribers
        on
            messages.subscriber_key = proxied_subscribers.subscriber_key
            and proxied_subscribers.first_proxied_at
            < cast(messages.sent_on as timestamp) + interval '{{ 1 + closing_days }}' day

),

-- Numerators of rates count delivered messages only, as their denominators do.
cohorts as (

    select
        campaign_key,
        variant,
        sent_on,
        count(*) as sent,
        count(case when is_delivered then 1 end) as delivered,
        count(case when bounce_type = 'hard' then 1 end) as bounced_hard,
        count(case when bounce_type = 'soft' then 1 end) as bounced_soft,
        count(complained_at) as complaints,
        count(unsubscribed_at) as unsubscribes,
        count(case when is_delivered and is_opened then 1 end) as human_unique_opens,
        count(case when is_delivered and not machine_only_open then 1 end) as open_measurable,
        count(case when is_delivered and is_clicked then 1 end) as human_unique_clicks,
        count(case when is_delivered and is_opened and is_clicked then 1 end) as human_opened_and_clicked,
        count(case when is_delivered then read_band end) as reads_measured,
        count(case when is_delivered and read_band = 'read' then 1 end) as reads,
        count(case when is_delivered and conversions > 0 then 1 end) as converted_messages,
        count(case when is_delivered and is_opened and is_calibration then 1 end) as calibration_opens,
        count(case when is_delivered and is_clicked and is_calibration then 1 end) as calibration_clicks,
        count(case when is_delivered and is_opened and is_clicked and is_calibration then 1 end)
            as calibration_opened_and_clicked,
        count(case when is_delivered and is_calibration then 1 end) as calibration_delivered,
        cast(sum(opens) as bigint) as opens,
        cast(sum(machine_opens) as bigint) as machine_opens,
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(machine_clicks) as bigint) as machine_clicks,
        cast(sum(conversions) as bigint) as conversions,
        cast(sum(revenue) as decimal(18, 2)) as revenue
    from measured
    group by campaign_key, variant, sent_on

),

-- Opens hidden by privacy proxies are inferred from clicks, at the ratio of opens to clicks of the subscribers who are
-- behind none.
estimated as (

    select
        *,
        case
            when delivered >= {{ least_delivered }} and calibration_clicks >= {{ least_calibration_clicks }}
                then least(delivered, human_unique_clicks * calibration_opens / calibration_clicks)
        end as estimated_opens,
        human_unique_clicks - calibration_clicks as hidden_clicks,
        delivered - calibration_delivered as hidden_delivered
    from cohorts

),

-- How the estimate changes with each of its parts, and how these vary: among the messages that calibrate, opens and
-- clicks go together; the clicks of the others stand alone.
varied as (

    select
        *,
        human_unique_clicks / nullif(calibration_clicks, 0) as per_open,
        -hidden_clicks * calibration_opens / nullif(power(calibration_clicks, 2), 0) as per_click,
        calibration_opens / nullif(calibration_clicks, 0) as per_hidden_click,
        calibration_opens - power(calibration_opens, 2) / nullif(calibration_delivered, 0) as opens_variance,
        calibration_clicks - power(calibration_clicks, 2) / nullif(calibration_delivered, 0) as clicks_variance,
        calibration_opened_and_clicked
        - calibration_opens * calibration_clicks / nullif(calibration_delivered, 0) as covariance,
        hidden_clicks - coalesce(power(hidden_clicks, 2) / nullif(hidden_delivered, 0), 0) as hidden_clicks_variance
    from estimated

),

-- The delta method.
spread as (

    select
        *,
        1.959963984540054 * sqrt(greatest(
            0,
            power(per_open, 2) * opens_variance
            + power(per_click, 2) * clicks_variance
            + 2 * per_open * per_click * covariance
            + power(per_hidden_click, 2) * hidden_clicks_variance
        )) as estimated_opens_margin
    from varied

),

final as (

    select
        -- keys
        campaign_key,
        variant,
        sent_on,

        -- measures and rates, in the contract's order
        sent,
        delivered,
        bounced_hard,
        bounced_soft,
        complaints,
        unsubscribes,
        human_unique_opens,
        open_measurable,
        human_unique_opens / nullif(open_measurable, 0) as human_open_rate,
        human_unique_clicks,
        human_unique_clicks / nullif(delivered, 0) as human_click_rate,
        human_opened_and_clicked / nullif(human_unique_opens, 0) as human_click_to_open_rate,
        machine_opens / nullif(opens, 0) as machine_open_share,
        machine_clicks / nullif(clicks, 0) as machine_click_share,
        estimated_opens / delivered as estimated_open_rate,
        conversions,
        converted_messages,
        converted_messages / nullif(delivered, 0) as conversion_rate,
        case when conversions = 0 then 0 else revenue end as revenue,
        cast(sent_on as timestamp) + interval '{{ closing_days + 1 }}' day <= {{ as_of_now() }} as is_closed,

        -- intervals
        {{ wilson_lo('human_unique_opens', 'open_measurable') }} as human_open_rate_lo,
        {{ wilson_hi('human_unique_opens', 'open_measurable') }} as human_open_rate_hi,
        {{ wilson_lo('human_unique_clicks', 'delivered') }} as human_click_rate_lo,
        {{ wilson_hi('human_unique_clicks', 'delivered') }} as human_click_rate_hi,
        case
            when estimated_opens is not null then greatest(0, (estimated_opens - estimated_opens_margin) / delivered)
        end as estimated_open_rate_lo,
        case
            when estimated_opens is not null then least(1, (estimated_opens + estimated_opens_margin) / delivered)
        end as estimated_open_rate_hi,
        {{ wilson_lo('converted_messages', 'delivered') }} as conversion_rate_lo,
        {{ wilson_hi('converted_messages', 'delivered') }} as conversion_rate_hi,

        -- parts
        human_opened_and_clicked,
        opens,
        machine_opens,
        clicks,
        machine_clicks,
        estimated_opens,
        calibration_opens,
        calibration_clicks,

        -- read time
        reads_measured,
        reads,
        reads / nullif(reads_measured, 0) as read_rate,
        {{ wilson_lo('reads', 'reads_measured') }} as read_rate_lo,
        {{ wilson_hi('reads', 'reads_measured') }} as read_rate_hi,
        reads_measured / nullif(human_unique_opens, 0) as read_measured_share
    from spread

)

select * from final
