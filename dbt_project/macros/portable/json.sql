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

{#- A JSON document without the blanks between its parts. -#}
{% macro json_minified(document) -%}
    cast(json({{ document }}) as varchar)
{%- endmacro %}

{#- The first of a JSON list, as text; a text that is no list is itself. -#}
{% macro first_of_list(text) -%}
    case when {{ json_or_null(text, '[') }} is null then {{ text }} else json_extract_string({{ text }}, '$[0]') end
{%- endmacro %}

{#- The last of a JSON list, as text; NULL where the text is none. -#}
{% macro last_of_list(text) -%}
    json_extract_string({{ json_or_null(text, '[') }}, '$[#-1]')
{%- endmacro %}

{#- The value under a name of a text that holds a JSON object, as text; NULL where the text is none. -#}
{% macro json_value(text, name) -%}
    json_extract_string({{ json_or_null(text, '{') }}, '$."{{ name }}"')
{%- endmacro %}

{#-
  Two columns that make a row of each element of a JSON list, and its number from 1. A text that is no list, an empty
  list and NULL are one row, with the text `otherwise`.
-#}
{% macro json_list_rows(text, otherwise, element, number) -%}
    {%- set elements -%}
        coalesce(nullif(from_json({{ json_or_null(text, '[') }}, '["VARCHAR"]'), []), [{{ otherwise }}])
    {%- endset -%}
    unnest({{ elements }}) as {{ element }},
    cast(unnest(range(1, len({{ elements }}) + 1)) as integer) as {{ number }}
{%- endmacro %}

{#- The first object of a JSON list whose member has a value, compared in lower case, as a struct of texts; else NULL. -#}
{% macro json_first_where(text, member, value, fields) -%}
    list_filter(
        from_json({{ json_or_null(text, '[') }}, '[{{ json_shape(([member] + fields) | batch(1) | list) }}]'),
        lambda item: lower(item['{{ member }}']) = {{ value }}
    )[1]
{%- endmacro %}

{#- A JSON list of objects with a `name` and a `value` as one JSON object of name to value. -#}
{% macro json_object_of_pairs(pairs) -%}
    '{' || array_to_string(
        list_transform(
            from_json({{ pairs }}, '[{"name":"VARCHAR","value":"VARCHAR"}]'),
            lambda pair: cast(to_json(pair['name']) as varchar) || ':' || cast(to_json(pair['value']) as varchar)
        ),
        ','
    ) || '}'
{%- endmacro %}

{#-
  The members of a JSON object as a JSON list of texts, name=value, but those whose name begins with `but_not`. Of a
  value that is a list the first element.
-#}
{% macro json_array_of_members(document, but_not=none) -%}
    {%- set names -%} json_keys({{ document }}) {%- endset -%}
    cast(to_json(list_transform(
        {% if but_not %}list_filter({{ names }}, lambda name: not starts_with(name, '{{ but_not }}')){% else %}{{ names }}{% endif %},
        lambda name: name || '=' || coalesce(
            json_extract_string({{ document }}, '/' || replace(replace(name, '~', '~0'), '/', '~1') || '/0'),
            json_extract_string({{ document }}, '/' || replace(replace(name, '~', '~0'), '/', '~1')),
            ''
        )
    )) as varchar)
{%- endmacro %}

{#- The object at a path of keys of a JSON text, as text; NULL where there is none, or nothing in it. -#}
{% macro json_object_at(document, path) -%}
    nullif({{ json_or_null("json_extract_string(" ~ document ~ ", '$.\"" ~ path | join('\".\"') ~ "\"')", '{') }}, '{}')
{%- endmacro %}

{#- A JSON object of names and the columns that hold their texts, but the empty ones; NULL where all are. -#}
{% macro json_object_of(texts) -%}
    nullif('{' || concat_ws(','{% for name, text in texts.items() %},
        '"{{ name }}":' || cast(to_json(nullif({{ text }}, '')) as varchar){% endfor %}
    ) || '}', '{}')
{%- endmacro %}

{#-
  The members of a JSON object but those of these names and those whose name begins with one of `prefixes`, as an
  object; NULL where none is left.
-#}
{% macro json_without_members(document, names=[], prefixes=[]) -%}
    nullif('{' || array_to_string(
        list_transform(
            list_filter(
                json_keys({{ document }}),
                lambda name: not list_contains([{% for name in names %}'{{ name }}'{{ ', ' if not loop.last }}{% endfor %}], name)
                {%- for prefix in prefixes %} and not starts_with(name, '{{ prefix }}'){% endfor %}
            ),
            lambda name: cast(to_json(name) as varchar) || ':' || cast(
                json_extract({{ document }}, '/' || replace(replace(name, '~', '~0'), '/', '~1')) as varchar
            )
        ),
        ','
    ) || '}', '{}')
{%- endmacro %}

{#- A JSON object without one of its members. -#}
{% macro json_without_member(document, name) -%}
    cast(json_merge_patch({{ document }}, '{"{{ name }}":null}') as varchar)
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

{#- What a JSON text says, whatever the order of its keys at any depth: its values, each with where it stands. -#}
{% macro canonical_json(document) -%}
    (
        select
            array_to_string(
                list_sort(list(fullkey || chr(31) || type || chr(31) || coalesce(cast(atom as varchar), ''))), chr(30)
            )
        from json_tree({{ document }})
    )
{%- endmacro %}

{#- JSON as Avro tools print it, each value that may be null wrapped in its type, {"string":"x"}, without that. -#}
{% macro json_without_avro_types(document) -%}
    regexp_replace(
        {{ document }},
        '[{]\s*"(string|int|long|float|double|boolean|array)"\s*:\s*("([^"\\]|\\.)*"|\[[^]{}]*\]|[^]["{}]*)\s*[}]',
        '\2',
        'g'
    )
{%- endmacro %}
