{#- A top-level value of a JSON object as text; the name may be a column. -#}
{% macro json_text(json, name) -%}
    json_extract_string({{ json }}, '$."' || {{ name }} || '"')
{%- endmacro %}
