{#- The ten digits, as rows of `digit`: crossed with themselves they number rows without a function of the engine. -#}
{% macro digits() -%}
    {%- for digit in range(10) %}
    select {{ digit }} as digit
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
