{#- Time: every stored time is a TIMESTAMP in UTC; sessions run in UTC. -#}

{% macro epoch_to_timestamp(microseconds) -%}
    make_timestamp(cast({{ microseconds }} as bigint))
{%- endmacro %}

{% macro iso_to_timestamp(text) -%}
    make_timestamp(epoch_us(try_cast({{ text }} as timestamptz)))
{%- endmacro %}

{#- A text without a zone as a time without one: ISO 8601, else the first of the strptime formats that fits. -#}
{% macro local_timestamp_of(text, formats) -%}
    {%- if formats -%}
    coalesce(
        try_cast({{ text }} as timestamp),
        try_strptime(trim({{ text }}), ['{{ formats | join("', '") }}'])
    )
    {%- else -%}
    try_cast({{ text }} as timestamp)
    {%- endif -%}
{%- endmacro %}

{#- A time without a zone, read in one, as a time in UTC. -#}
{% macro local_to_utc(time, time_zone) -%}
    make_timestamp(epoch_us(timezone('{{ time_zone }}', {{ time }})))
{%- endmacro %}

{#- The names of the time zone database, as rows of `time_zone`. -#}
{% macro known_time_zones() -%}
    select name as time_zone from pg_timezone_names()
{%- endmacro %}

{#- What a clock of a zone shows at a time in UTC; `time_zone` is an expression. -#}
{% macro utc_to_local(time, time_zone) -%}
    timezone({{ time_zone }}, timezone('UTC', {{ time }}))
{%- endmacro %}

{#- The day of the week, 0 for Monday. -#}
{% macro weekday(time) -%}
    (extract(isodow from {{ time }}) - 1)
{%- endmacro %}

{#- The time in UTC at which a clock of a zone (an expression) shows a time; one that it skips stands for the change. -#}
{% macro local_time_to_utc(time, time_zone) -%}
    make_timestamp(epoch_us(timezone({{ time_zone }}, {{ time }})))
{%- endmacro %}
