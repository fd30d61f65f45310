{#- JSON: the few forms the models need, so that they do not speak an engine's dialect themselves. -#}

{#-
  One pass over a JSON text, many fields out of it: a struct of texts, read as `alias.field`. An absent field, a null and
  a field below something that is no object are all NULL; a list or an object comes as its JSON text. `fields` holds
  names and, for what is nested, one-key mappings: ['email', {'pool': ['name']}].
-#}
{% macro json_record(document, fields) -%}
    from_json({{ document }}, '{{ json_shape(fields) }}')
{%- endmacro %}

{% macro json_shape(fields) -%}
    {%- set parts = [] -%}
    {%- for field in fields -%}
        {%- if field is mapping -%}
            {%- for name, inner in field.items() -%}
                {%- do parts.append('"' ~ name ~ '":' ~ json_shape(inner)) -%}
            {%- endfor -%}
        {%- else -%}
            {%- do parts.append('"' ~ field ~ '":"VARCHAR"') -%}
        {%- endif -%}
    {%- endfor -%}
    { {{- parts | join(",") -}} }
{%- endmacro %}

{#- A text that may hold JSON: itself where it is a JSON document that begins with `bracket`, else NULL. -#}
{% macro json_or_null(text, bracket) -%}
    case when starts_with(ltrim({{ text }}), '{{ bracket }}') and json_valid({{ text }}) then {{ text }} end
{%- endmacro %}

{#- A text as a JSON array of one. -#}
{% macro json_array_of_one(text) -%}
    cast(json_array({{ text }}) as varchar)
{%- endmacro %}

{#- The normalised form of a JSON object that payloads are compared by: minified, top-level keys sorted. -#}
{% macro normalised_json(document) -%}
    '{' || array_to_string(
        list_transform(
            list_sort(list_distinct(json_keys({{ document }}))),
            lambda field: cast(to_json(field) as varchar) || ':' || cast(
                json_extract({{ document }}, '/' || replace(replace(field, '~', '~0'), '/', '~1')) as varchar
            )
        ),
        ','
    ) || '}'
{%- endmacro %}
