{#- What an event of `earlier` still counts at `later`: half after each half-life, in days. -#}
{% macro decay(earlier, later, half_life_days) -%}
    power(2, -{{ seconds_between(earlier, later) }} / (86400.0 * {{ half_life_days }}))
{%- endmacro %}
