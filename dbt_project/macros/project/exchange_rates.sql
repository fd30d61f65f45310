{#-
  The reporting currency itself is worth 1; another without a rate is worth NULL, never a guess. More than 18 digits,
  since DuckDB keeps a product of two decimals of 18 within 18, where a million has no room beside so many places.
-#}
{% macro exchange_rate(currency, rate) -%}
    cast(case when {{ currency }} = '{{ var("reporting_currency") }}' then 1 else {{ rate }} end as decimal(20, 8))
{%- endmacro %}

{#- An amount in the reporting currency; NULL from the var `implausible_amount` on. -#}
{% macro plausible_amount(amount) -%}
    case when abs({{ amount }}) < {{ var('implausible_amount') }} then {{ amount }} end
{%- endmacro %}

{#- The condition of a join to rates (currency, from_on, until_on): the newest rate not after the day. -#}
{% macro exchange_rate_applies(currency, timestamp, rates) -%}
    nullif({{ currency }}, '{{ var("reporting_currency") }}') = {{ rates }}.currency
    and cast({{ timestamp }} as date) >= {{ rates }}.from_on
    and (cast({{ timestamp }} as date) < {{ rates }}.until_on or {{ rates }}.until_on is null)
{%- endmacro %}
