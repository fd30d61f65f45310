{%- set verbatim_records -%}
    select export_id, position, record from {{ ref('stg_segment__calls') }}
{%- endset -%}
{{ event_repeats(ref('int_site_event_records'), verbatim_records) }}
