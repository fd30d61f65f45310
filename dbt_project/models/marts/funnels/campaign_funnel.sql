{%- set funnel_window = "interval '" ~ var('funnel_window_days') ~ "' day" -%}
with

messages as (

    select * from {{ ref('int_message_funnel') }}

),

steps as (
    {{ funnel_steps() }}

),

counted as (

    select
        campaign_key,
        variant,
        furthest_step,
        count(*) as messages,
        max(sent_at) as last_sent_at
    from messages
    group by campaign_key, variant, furthest_step

),

reached as (

    select
        counted.campaign_key,
        counted.variant,
        steps.step,
        steps.step_number,
        {{ funnel_counts('counted', 'steps') }},
        max(counted.last_sent_at) as last_sent_at
    from counted
    cross join steps
    group by counted.campaign_key, counted.variant, steps.step, steps.step_number

),

waits as (

    select
        campaign_key,
        variant,
        median({{ seconds_between('sent_at', 'delivered_at') }}) as median_to_delivered,
        {{ mean_seconds('sent_at', 'delivered_at') }} as mean_to_delivered,
        median({{ seconds_between('delivered_at', 'opened_at') }}) as median_to_open,
        {{ mean_seconds('delivered_at', 'opened_at') }} as mean_to_open,
        median({{ seconds_between('opened_at', 'clicked_at') }}) as median_to_click,
        {{ mean_seconds('opened_at', 'clicked_at') }} as mean_to_click,
        median({{ seconds_between('clicked_at', 'deep_converted_at') }}) as median_to_deep_micro_conversion,
        {{ mean_seconds('clicked_at', 'deep_converted_at') }} as mean_to_deep_micro_conversion,
        median({{ seconds_between('deep_converted_at', 'macro_converted_at') }}) as median_to_macro_conversion,
        {{ mean_seconds('deep_converted_at', 'macro_converted_at') }} as mean_to_macro_conversion
    from messages
    group by campaign_key, variant

),

final as (

    select
        -- keys
        reached.campaign_key,
        reached.variant,
        reached.step,
        reached.step_number,

        -- measures
        reached.messages,
        reached.messages / nullif(reached.previous_messages, 0) as step_rate,
        {{ wilson_lo('reached.messages', 'reached.previous_messages') }} as step_rate_lo,
        {{ wilson_hi('reached.messages', 'reached.previous_messages') }} as step_rate_hi,
        reached.messages / nullif(reached.sent, 0) as overall_rate,
        case reached.step
            when 'delivered' then waits.median_to_delivered
            when 'open' then waits.median_to_open
            when 'click' then waits.median_to_click
            when 'deep_micro_conversion' then waits.median_to_deep_micro_conversion
            when 'macro_conversion' then waits.median_to_macro_conversion
        end as median_seconds_from_previous,
        reached.last_sent_at + {{ funnel_window }} < {{ as_of_now() }} as is_closed,

        -- parts
        reached.previous_messages,
        reached.sent,

        -- beyond the contract
        reached.previous_messages - reached.messages as dropped_off,
        case reached.step
            when 'delivered' then waits.mean_to_delivered
            when 'open' then waits.mean_to_open
            when 'click' then waits.mean_to_click
            when 'deep_micro_conversion' then waits.mean_to_deep_micro_conversion
            when 'macro_conversion' then waits.mean_to_macro_conversion
        end as mean_seconds_from_previous
    from reached
    inner join waits
        on
            reached.campaign_key = waits.campaign_key
            and reached.variant = waits.variant

)

select * from final
