{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=['{{ touch_moved_verdicts() }}', '{{ forget_touched() }}']
) }}
{%- set burst = 'surroundings.burst_links >= ' ~ var('machine_burst_links') -%}
{#- The signals, the telling ones first, each with the condition under which it holds. -#}
{%- set signals = {
    'esp_flag': 'clicks.is_machine',
    'scanner_agent': "clicks.agent_kind = 'scanner'",
    'program_agent': "clicks.agent_kind = 'program'",
    'hidden_link': 'surroundings.is_beside_hidden_link',
    'tight_burst': 'surroundings.tight_burst_links >= ' ~ var('machine_tight_burst_links'),
    'scanner_network': "clicks.network_kind = 'scanner'",
    'data_center_network': "clicks.network_kind = 'data_center'",
    'domain_scans_most': "contexts.domain_scans = 'most'",
    'domain_scans_half': "contexts.domain_scans = 'half'",
    'burst': burst,
    'coverage': 'contexts.covers_links',
    'no_agent': 'contexts.lacks_agent',
    'within_2_seconds': 'clicks.seconds_since_arrival between -1 and 2',
    'within_10_seconds': 'clicks.seconds_since_arrival > 2 and clicks.seconds_since_arrival <= 10',
    'before_delivery': 'clicks.seconds_since_arrival < -1',
    'domain_scans_some': "contexts.domain_scans = 'some'",
    'pair': 'surroundings.pair_links >= 2 and not ' ~ burst,
    'within_60_seconds': 'clicks.seconds_since_arrival > 10 and clicks.seconds_since_arrival <= 60',
    'shared_source': 'contexts.shares_source',
    'footer_link': burst ~ ' and ' ~ regexp_like('clicks.url', "'" ~ var('machine_footer_pattern') ~ "'"),
    'within_5_minutes': 'clicks.seconds_since_arrival > 60 and clicks.seconds_since_arrival <= 300',
    'unopened': 'not surroundings.is_opened_before',
    'opened_before': 'surroundings.is_opened_before',
    'after_an_hour': 'clicks.seconds_since_arrival > 3600',
} -%}
{%- set names = signals | list -%}
with

clicks as (

    select * from {{ ref('int_opens_and_clicks') }}
    where
        event_type = 'clicked'
        and {{ is_touched('message_or_event_key') }}

),

surroundings as (

    select * from {{ ref('int_click_surroundings') }}

),

contexts as (

    select * from {{ ref('int_event_contexts') }}

),

points as (

    {{ points_of_signals(['prior_odds'] + names) }}

),

weighed as (

    select
        clicks.event_key,
        clicks.export_id,
        clicks.position,
        clicks.part,
        clicks.message_key,
        clicks.message_or_event_key,
        clicks.subscriber_key,
        clicks.recipient_domain,
        clicks.address_key,
        contexts.context_signals,
        clicks.occurred_at,
        points.prior_odds,
        {{ signal_columns(signals, 'points') }}
    from clicks
    inner join surroundings
        on clicks.event_key = surroundings.event_key
    left join contexts
        on clicks.event_key = contexts.event_key
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
        address_key,
        case when points >= {{ var('machine_decision_points') }} then 'machine' else 'human' end as actor,
        case when points >= {{ var('machine_decision_points') }} then 'machine_scanner' else 'human' end as class,
        {{ probability_of_points('points') }} as score,
        reasons,
        leading_reason,
        context_signals,

        -- times
        occurred_at
    from summed

)

select * from final
