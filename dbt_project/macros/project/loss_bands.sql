{#-
  What the risk of losing a subscriber is told by, beside the engagement tier, in a few levels each: losses are rare, so
  that finer levels would hold none.
-#}

{#- Messages of the 28 days up to a send, itself included. -#}
{% macro pressure_band(sends) -%}
    case
        when {{ sends }} <= 2 then '1 or 2'
        when {{ sends }} <= 4 then '3 or 4'
        when {{ sends }} <= 8 then '5 to 8'
        when {{ sends }} <= 16 then '9 to 16'
        when {{ sends }} > 16 then 'above 16'
        else 'unknown'
    end
{%- endmacro %}

{#- Deliveries before a send, where those before the exports begin are known to be none. -#}
{% macro experience_band(deliveries, is_known) -%}
    case
        when not {{ is_known }} then 'unknown'
        when {{ deliveries }} <= 2 then 'up to 2'
        when {{ deliveries }} <= 9 then '3 to 9'
        when {{ deliveries }} <= 29 then '10 to 29'
        else 'above 29'
    end
{%- endmacro %}
