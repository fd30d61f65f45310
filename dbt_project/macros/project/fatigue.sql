{#-
Responses and losses by pressure within each engagement tier, and from which pressure on more mail harms: what
frequency_fatigue and frequency_fatigue_weekly are, but for the days over which sends are counted. `pressure` is a column
of int_message_contexts. Below `least_messages` a level is not compared (methods.md section 4.1).
-#}
{% macro fatigue_by(pressure, least_messages=30) -%}
{%- set window = "interval '" ~ var('funnel_window_days') ~ "' day" -%}
with

-- Only messages whose window has passed, so that young ones do not look ignored.
messages as (

    select
        message_key,
        coalesce(human_first_clicked_at <= sent_at + {{ window }}, false) as is_clicked,
        coalesce(unsubscribed_at <= sent_at + {{ window }}, false) as is_unsubscribed,
        coalesce(complained_at <= sent_at + {{ window }}, false) as is_complained
    from {{ ref('int_messages') }}
    where
        is_delivered
        and sent_at + {{ window }} < {{ as_of_now() }}

),

contexts as (

    select * from {{ ref('int_message_contexts') }}
    where {{ pressure }} is not null

),

levels as (

    select
        contexts.engagement_tier,
        contexts.{{ pressure }},
        count(*) as messages,
        count(case when messages.is_clicked then 1 end) as human_unique_clicks,
        count(case when messages.is_unsubscribed then 1 end) as unsubscribes,
        count(case when messages.is_complained then 1 end) as complaints,
        count(case when messages.is_unsubscribed or messages.is_complained then 1 end) as losses
    from messages
    inner join contexts
        on messages.message_key = contexts.message_key
    group by contexts.engagement_tier, contexts.{{ pressure }}

),

below as (

    select
        *,
        sum(messages) over lower_levels as messages_below,
        sum(human_unique_clicks) over lower_levels as clicks_below,
        sum(losses) over lower_levels as losses_below
    from levels
    window
        lower_levels as (
            partition by engagement_tier
            order by {{ pressure }}
            rows between unbounded preceding and 1 preceding
        )

),

compared as (

    select
        *,
        messages >= {{ least_messages }} as is_measurable,
        messages >= {{ least_messages }}
        and messages_below >= {{ least_messages }}
        and (
            {{ wilson_lo('losses', 'messages') }} > {{ wilson_hi('losses_below', 'messages_below') }}
            or {{ wilson_hi('human_unique_clicks', 'messages') }} < {{ wilson_lo('clicks_below', 'messages_below') }}
        ) as is_worse
    from below

),

onsets as (

    select
        engagement_tier,
        count(case when is_measurable then 1 end) as measurable_levels,
        min(case when is_worse then {{ pressure }} end) as saturated_from
    from compared
    group by engagement_tier

),

unharmed as (

    select
        compared.*,
        onsets.measurable_levels,
        onsets.saturated_from,
        onsets.saturated_from is null or compared.{{ pressure }} < onsets.saturated_from as is_unharmed
    from compared
    inner join onsets
        on compared.engagement_tier = onsets.engagement_tier

),

above as (

    select
        *,
        sum(case when is_unharmed then messages end) over higher_levels as messages_above,
        sum(case when is_unharmed then human_unique_clicks end) over higher_levels as clicks_above
    from unharmed
    window
        higher_levels as (
            partition by engagement_tier
            order by {{ pressure }}
            rows between 1 following and unbounded following
        )

),

-- There is room above a level where clicks are shown to hold there.
bounded as (

    select
        *,
        max(
            case
                when
                    is_unharmed
                    and messages_above >= {{ least_messages }}
                    and human_unique_clicks + coalesce(clicks_below, 0) > 0
                    and {{ wilson_lo('clicks_above', 'messages_above') }}
                    >= {{ var('fatigue_tolerance') }} * (human_unique_clicks + coalesce(clicks_below, 0))
                    / (messages + coalesce(messages_below, 0))
                    then {{ pressure }}
            end
        ) over (partition by engagement_tier) as undersaturated_until
    from above

),

final as (

    select
        -- keys
        engagement_tier,
        {{ pressure }},

        -- measures and rates, in the contract's order
        messages,
        human_unique_clicks / nullif(messages, 0) as human_click_rate,
        unsubscribes / nullif(messages, 0) as unsubscribe_rate,
        complaints / nullif(messages, 0) as complaint_rate,
        case
            when not is_measurable or measurable_levels < 2 then null
            when {{ pressure }} >= saturated_from then 'saturated'
            when {{ pressure }} <= undersaturated_until then 'undersaturated'
            else 'on_target'
        end as band,

        -- intervals
        {{ wilson_lo('human_unique_clicks', 'messages') }} as human_click_rate_lo,
        {{ wilson_hi('human_unique_clicks', 'messages') }} as human_click_rate_hi,
        {{ wilson_lo('unsubscribes', 'messages') }} as unsubscribe_rate_lo,
        {{ wilson_hi('unsubscribes', 'messages') }} as unsubscribe_rate_hi,
        {{ wilson_lo('complaints', 'messages') }} as complaint_rate_lo,
        {{ wilson_hi('complaints', 'messages') }} as complaint_rate_hi,

        -- parts
        human_unique_clicks,
        unsubscribes,
        complaints
    from bounded

)

select * from final
{%- endmacro %}
