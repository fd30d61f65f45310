{#- Lists inside a text, where engines differ in how they take one apart and put one together. -#}

{#- A join that gives one row per part of the text between separators (a pattern): `alias.column`. -#}
{% macro split_rows(text, separator, alias, column) -%}
    cross join lateral (
        select unnest(string_split_regex({{ text }}, '{{ separator }}')) as {{ column }}
    ) as {{ alias }}
{%- endmacro %}

{#- The texts of a group, in alphabetical order, with the separator between them. -#}
{% macro joined_text(text, separator) -%}
    string_agg({{ text }}, '{{ separator }}' order by {{ text }})
{%- endmacro %}
