{#- The newest value so far that is not NULL; the caller adds the window (partition, total order, rows up to the current). -#}
{% macro last_known(expression) -%}
    last_value({{ expression }} ignore nulls)
{%- endmacro %}
