{#- JSON: the few forms the models need, so that they do not speak an engine's dialect themselves. -#}

{#-
  One pass over a JSON text, many fields out of it: a struct of texts, to be laid out by `json_columns` with the same
  `fields`, which map each column to the path of its field, as a list of keys. A field that is absent, null or below
  something that is no object is NULL; a list or an object comes as its JSON text.
-#}
{% macro json_struct(document, fields) -%}
    from_json({{ document }}, '{{ json_shape(fields.values() | list) }}')
{%- endmacro %}

{#- The columns of a struct that `json_struct` made. -#}
{% macro json_columns(struct, fields) -%}
    {%- for column, path in fields.items() %}
    {{ struct }}."{{ path | join('"."') }}" as {{ column }}
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro json_shape(paths) -%}
    {%- set members = [] -%}
    {%- for key in paths | map('first') | unique(case_sensitive=true) -%}
        {%- set below = [] -%}
        {%- for path in paths if path[0] == key and path | length > 1 -%}
            {%- do below.append(path[1:]) -%}
        {%- endfor -%}
        {%- do members.append('"' ~ key ~ '":' ~ (json_shape(below) if below else '"VARCHAR"')) -%}
    {%- endfor -%}
    { {{- members | join(',') -}} }
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

{#- The elements of a text that holds a JSON list, texts unquoted and anything else as JSON; one NULL where there are
    none or the text is no list. -#}
{% macro json_elements(text) -%}
    coalesce(nullif(json_extract_string({{ json_or_null(text, '[') }}, '$[*]'), []), [null])
{%- endmacro %}

{#- Two columns of a select: it gets one row per element of a list, and each says which one it is, counted from 1. -#}
{% macro numbered_elements(list, element, number) -%}
    unnest({{ list }}) as {{ element }},
        cast(unnest(range(1, len({{ list }}) + 1)) as integer) as {{ number }}
{%- endmacro %}

{#- The first element of a JSON list of texts, or the text itself where it is no list. -#}
{% macro first_of_list(text) -%}
    coalesce(json_extract_string({{ json_or_null(text, '[') }}, '$[0]'), case when not starts_with(ltrim({{ text }}), '[') then {{ text }} end)
{%- endmacro %}

{#-
  A JSON object as a JSON array of texts `name=value`, of the names that do not begin with `apart`; of a value that is a
  list the first element. NULL where there are none.
-#}
{% macro json_pairs(text, apart) -%}
    cast(to_json(nullif(
        list_transform(
            list_filter(json_keys({{ json_or_null(text, '{') }}), lambda name: not starts_with(name, '{{ apart }}')),
            lambda name: name || '=' || coalesce(
                json_extract_string({{ text }}, '/' || replace(replace(name, '~', '~0'), '/', '~1') || '/0'),
                json_extract_string({{ text }}, '/' || replace(replace(name, '~', '~0'), '/', '~1')),
                ''
            )
        ),
        []
    )) as varchar)
{%- endmacro %}

{#- The value under a name of a text that holds a JSON object, as text; NULL where the text is none. -#}
{% macro json_value(text, name) -%}
    json_extract_string({{ json_or_null(text, '{') }}, '$."{{ name }}"')
{%- endmacro %}
