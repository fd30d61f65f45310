{#- Stops the model with a message; for a `case` branch that only a mistaken declaration reaches. -#}
{% macro raise_error(message) -%}
    error({{ message }})
{%- endmacro %}
