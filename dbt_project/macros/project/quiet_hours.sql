{#-
  Quiet hours of a trigger, in minutes since midnight by the subscriber's clock. They may lie across midnight (21:00 to
  08:00); without a beginning or an end, or where both are the same, there are none.
-#}

{#- The minute that a text such as 21:00 names, NULL where it names none; 24:00 is the end of a day. -#}
{% macro minute_of_day(text) -%}
    case
        when {{ regexp_like(text, "'^(([01]?[0-9]|2[0-3]):[0-5][0-9]|24:00)(:00)?$'") }}
            then
                cast({{ regexp_group(text, "'^([0-9]+):([0-9]+)'", 1) }} as integer) * 60
                + cast({{ regexp_group(text, "'^([0-9]+):([0-9]+)'", 2) }} as integer)
    end
{%- endmacro %}

{% macro minute_of(local_time) -%}
    (extract(hour from {{ local_time }}) * 60 + extract(minute from {{ local_time }}))
{%- endmacro %}

{#- Whether a local time lies in them. -#}
{% macro is_quiet(local_time, quiet_from, quiet_to) -%}
    coalesce(
        case
            when {{ quiet_from }} < {{ quiet_to }}
                then {{ minute_of(local_time) }} >= {{ quiet_from }} and {{ minute_of(local_time) }} < {{ quiet_to }}
            when {{ quiet_from }} > {{ quiet_to }}
                then {{ minute_of(local_time) }} >= {{ quiet_from }} or {{ minute_of(local_time) }} < {{ quiet_to }}
        end,
        false
    )
{%- endmacro %}

{#- The local time at which those end that a local time lies in. -#}
{% macro quiet_end(local_time, quiet_to) -%}
    cast(cast({{ local_time }} as date) as timestamp)
    + ({{ quiet_to }} + case when {{ minute_of(local_time) }} < {{ quiet_to }} then 0 else 1440 end) * interval '1' minute
{%- endmacro %}

{#- The local time at which they begin next, after a local time. -#}
{% macro quiet_start(local_time, quiet_from) -%}
    cast(cast({{ local_time }} as date) as timestamp)
    + ({{ quiet_from }} + case when {{ minute_of(local_time) }} < {{ quiet_from }} then 0 else 1440 end)
    * interval '1' minute
{%- endmacro %}
