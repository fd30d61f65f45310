{#- The whole numbers from `first` to `last`, as rows of `column`. -#}
{% macro whole_numbers(first, last, column) -%}
    select unnest(generate_series({{ first }}, {{ last }})) as {{ column }}
{%- endmacro %}
