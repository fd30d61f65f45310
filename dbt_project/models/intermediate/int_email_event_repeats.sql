{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget_touched('shared_key', 'event_key') }}"
) }}
{{ event_repeats(
    ref('int_email_event_records'),
    staged_email_events(['export_id', 'position', 'part', 'record']),
    is_touched('event_key', 'event_key')
) }}
