{#-
  Periods of 28 days that tile time from 1970 on: the number of the period a time lies in, and the seconds into it. Four
  whole weeks, so that every period holds each weekday as often.
-#}
{% macro period_number(time) -%}
    cast(floor({{ seconds_between("timestamp '1970-01-01'", time) }} / {{ period_seconds() }}) as bigint)
{%- endmacro %}

{% macro seconds_into_period(time) -%}
    ({{ seconds_between("timestamp '1970-01-01'", time) }} - {{ period_number(time) }} * {{ period_seconds() }})
{%- endmacro %}

{% macro period_seconds() -%}
    2419200
{%- endmacro %}
