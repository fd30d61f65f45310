{#- A call is one event: it has one part. -#}
{%- set records -%}
    (select *, 1 as part from {{ ref('int_site_event_records') }})
{%- endset -%}
{%- set verbatim_records -%}
    select export_id, position, 1 as part, record from {{ ref('stg_segment__calls') }}
{%- endset -%}
{{ event_repeats(records, verbatim_records) }}
