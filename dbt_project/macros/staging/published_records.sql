{#-
  A source's verbatim records, of the exports that stand: a quarantined, refused, withdrawn or erased export is out of
  reach from here on.
-#}
{% macro published_records(source_name) -%}
    select
        records.export_id,
        records.position,
        records.record
    from {{ source('raw', source_name) }} as records
    inner join {{ source('pipeline', 'exports') }} as exports
        on records.export_id = exports.export_id
    where exports.status in ('published', 'released')
{%- endmacro %}
