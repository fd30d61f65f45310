{#-
  A source's verbatim records, of the exports that stand: a quarantined, refused, withdrawn or erased export is out of
  reach from here on.
-#}
{% macro published_records(source_name) -%}
    select
        export_id,
        position,
        record
    from {{ source('raw', source_name) }}
    where export_id in (
        select exports.export_id
        from {{ source('pipeline', 'exports') }} as exports
        where exports.status in ('published', 'released')
    )
{%- endmacro %}
