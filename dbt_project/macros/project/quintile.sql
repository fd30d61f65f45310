{#- Which fifth of the account a value falls into, 1 the lowest; equal values fall into the same one. -#}
{% macro quintile(measure, value) -%}
    1
    {%- for percent in [20, 40, 60, 80] %}
    + case when {{ value }} > {{ measure }}_{{ percent }} then 1 else 0 end
    {%- endfor %}
{%- endmacro %}
