{#-
  A source's records of the exports that stand, each with its verbatim text and the named fields of it as text columns.
  A quarantined, refused, withdrawn or erased export is out of reach from here on. `fields` maps each column to the path
  of its field in the record, as a list of keys, or just lists columns that are called as their fields are.
-#}
{% macro published_records(source_name, fields) -%}
    {%- if fields is not mapping -%}
        {%- set names = fields -%}
        {%- set fields = {} -%}
        {%- for name in names -%}
            {%- do fields.update({name: [name]}) -%}
        {%- endfor -%}
    {%- endif -%}
    select
        export_id,
        position,
        record,
        {{ json_columns('fields', fields) }}
    from (
        select
            records.export_id,
            records.position,
            records.record,
            {{ json_struct('records.record', fields) }} as fields
        from {{ source('raw', source_name) }} as records
        inner join {{ source('pipeline', 'exports') }} as exports
            on records.export_id = exports.export_id
        where exports.status in ('published', 'released')
    ) as taken_apart
{%- endmacro %}
