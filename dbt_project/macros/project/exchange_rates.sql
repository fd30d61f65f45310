{#- The reporting currency itself is worth 1; another without a rate is worth NULL, never a guess. -#}
{% macro exchange_rate(currency, rate) -%}
    case when {{ currency }} = '{{ var("reporting_currency") }}' then 1 else {{ rate }} end
{%- endmacro %}

{#- The condition of a join to rates (currency, from_on, until_on): the newest rate not after the day. -#}
{% macro exchange_rate_applies(currency, timestamp, rates) -%}
    nullif({{ currency }}, '{{ var("reporting_currency") }}') = {{ rates }}.currency
    and cast({{ timestamp }} as date) >= {{ rates }}.from_on
    and (cast({{ timestamp }} as date) < {{ rates }}.until_on or {{ rates }}.until_on is null)
{%- endmacro %}
