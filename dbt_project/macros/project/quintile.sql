{#-
  Which fifth of the account a value falls into, 1 the lowest, by the bounds measure_20 to measure_80; equal values fall
  into the same one.
-#}
{% macro quintile(measure, value) -%}
    1
    {%- for percent in [20, 40, 60, 80] %} + cast({{ value }} > {{ measure }}_{{ percent }} as integer){% endfor %}
{%- endmacro %}
