{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=['{{ touch_moved_verdicts() }}', '{{ forget_touched() }}']
) }}
{%- set beside = "interval '" ~ var('machine_burst_seconds') ~ "' second" -%}
{%- set by_itself = 'not opens.is_privacy_proxy and not opens.is_image_proxy' -%}
{#- The signals, the telling ones first, each with the condition under which it holds. -#}
{%- set signals = {
    'esp_flag': 'opens.is_machine',
    'scanner_agent': "opens.agent_kind = 'scanner'",
    'privacy_proxy': 'opens.is_privacy_proxy and not opens.is_late',
    'beside_a_scan': 'scans.event_key is not null and ' ~ by_itself,
    'image_prefetch': 'opens.is_image_proxy and opens.seconds_since_arrival <= '
        ~ var('machine_image_prefetch_seconds'),
    'program_agent': "opens.agent_kind = 'program'",
    'scanner_network': "opens.network_kind = 'scanner'",
    'data_center_network': "opens.network_kind = 'data_center' and " ~ by_itself,
    'within_2_seconds': 'opens.seconds_since_arrival between -1 and 2 and ' ~ by_itself,
    'no_agent': 'contexts.lacks_agent and ' ~ by_itself,
    'privacy_proxy_late': 'opens.is_privacy_proxy and opens.is_late',
    'image_proxy': 'opens.is_image_proxy',
} -%}
{%- set names = signals | list -%}
with

-- A privacy proxy fetches a picture on its own account once, and soon; what it fetches later may be a person's open.
opens as (

    select
        *,
        coalesce(
            seconds_since_arrival > 3600 * {{ var('machine_privacy_prefetch_hours') }}
            or occurred_at > min(case when is_privacy_proxy then occurred_at end) over (
                partition by message_or_event_key
            ) + interval '{{ var("machine_privacy_repeat_hours") }}' hour,
            false
        ) as is_late
    from {{ ref('int_opens_and_clicks') }}
    where
        event_type = 'opened'
        and {{ is_touched('message_or_event_key') }}

),

contexts as (

    select * from {{ ref('int_event_contexts') }}

),

scanning_clicks as (

    select
        message_or_event_key,
        address_key,
        occurred_at
    from {{ ref('int_click_actors') }}
    where actor = 'machine'

),

scans as (

    select distinct opens.event_key
    from opens
    inner join scanning_clicks
        on
            opens.message_or_event_key = scanning_clicks.message_or_event_key
            and opens.occurred_at >= scanning_clicks.occurred_at - {{ beside }}
            and opens.occurred_at <= scanning_clicks.occurred_at + {{ beside }}
    where
        opens.address_key = scanning_clicks.address_key
        or opens.address_key is null
        or scanning_clicks.address_key is null

),

points as (

    {{ points_of_signals(['prior_odds'] + names) }}

),

weighed as (

    select
        opens.event_key,
        opens.export_id,
        opens.position,
        opens.part,
        opens.message_key,
        opens.message_or_event_key,
        opens.subscriber_key,
        opens.recipient_domain,
        opens.is_privacy_proxy,
        opens.is_image_proxy,
        opens.is_late,
        lower(opens.machine_basis) as machine_basis,
        contexts.context_signals,
        opens.occurred_at,
        points.prior_odds,
        {{ signal_columns(signals, 'points') }}
    from opens
    left join contexts
        on opens.event_key = contexts.event_key
    left join scans
        on opens.event_key = scans.event_key
    cross join points

),

summed as (

    select
        *,
        {{ signal_sum(['prior_odds'] + names) }} as points,
        {{ signal_names(names) }} as reasons,
        {{ leading_signal(names) }} as leading_reason
    from weighed

),

final as (

    select
        -- keys
        event_key,
        export_id,
        position,
        part,
        message_key,
        message_or_event_key,
        subscriber_key,

        -- attributes
        recipient_domain,
        case
            when points >= {{ var('machine_decision_points') }} then 'machine'
            when is_privacy_proxy then 'unknown'
            else 'human'
        end as actor,
        case
            when points < {{ var('machine_decision_points') }}
                then case when is_privacy_proxy then 'unknown' when is_image_proxy then 'proxy_human' else 'human' end
            when scanner_agent is not null or program_agent is not null or beside_a_scan is not null
                then 'machine_scanner'
            when is_privacy_proxy then 'machine_mpp'
            when is_image_proxy then 'machine_prefetch'
            -- What a flag of the vendor's speaks of is in its name; most speak of scanners.
            when {{ regexp_like('machine_basis', "'machine_open|privacy|proxy'") }} then 'machine_mpp'
            when {{ regexp_like('machine_basis', "'prefetch'") }} then 'machine_prefetch'
            else 'machine_scanner'
        end as class,
        {{ probability_of_points('points') }} as score,
        reasons,
        leading_reason,
        context_signals,

        -- times
        occurred_at
    from summed

)

select * from final
