{#- Time: every stored time is a TIMESTAMP in UTC; sessions run in UTC. -#}

{% macro epoch_to_timestamp(microseconds) -%}
    make_timestamp(cast({{ microseconds }} as bigint))
{%- endmacro %}

{% macro iso_to_timestamp(text) -%}
    make_timestamp(epoch_us(try_cast({{ text }} as timestamptz)))
{%- endmacro %}
