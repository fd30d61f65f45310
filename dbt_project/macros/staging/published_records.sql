{#-
  A source's records of the exports that stand, each with its verbatim text and the named fields of it as text columns.
  A quarantined, refused, withdrawn or erased export is out of reach from here on. `fields` maps each column to the path
  of its field in the record, as a list of keys, or just lists columns that are called as their fields are. `of_export`
  lists columns of the ledger that say something too: `file_name` where a vendor writes data into names of files and of
  archives' members. `document` is what the fields are taken from, where that is not the record as it stands.
-#}
{% macro published_records(source_name, fields, of_export=[], document='records.record') -%}
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
        {%- for column in of_export %}
        {{ column }},
        {%- endfor %}
        {{ json_columns('fields', fields) }}
    from (
        select
            records.export_id,
            records.position,
            records.record,
            {%- for column in of_export %}
            exports.{{ column }},
            {%- endfor %}
            {{ json_struct(document, fields) }} as fields
        from {{ source('raw', source_name) }} as records
        inner join {{ source('pipeline', 'exports') }} as exports
            on records.export_id = exports.export_id
        where exports.status in ('published', 'released')
    ) as taken_apart
{%- endmacro %}
