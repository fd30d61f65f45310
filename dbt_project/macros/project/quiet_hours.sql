{#-
  Quiet hours of a trigger, in local time. They may lie across midnight (21:00 to 08:00); without a beginning or an end,
  or where both are the same, there are none.
-#}

{#- Whether a local time lies in them. -#}
{% macro is_quiet(local_time, quiet_from, quiet_to) -%}
    coalesce(
        case
            when {{ quiet_from }} < {{ quiet_to }}
                then cast({{ local_time }} as time) >= {{ quiet_from }} and cast({{ local_time }} as time) < {{ quiet_to }}
            when {{ quiet_from }} > {{ quiet_to }}
                then cast({{ local_time }} as time) >= {{ quiet_from }} or cast({{ local_time }} as time) < {{ quiet_to }}
        end,
        false
    )
{%- endmacro %}

{#- The local time at which those end that a local time lies in. -#}
{% macro quiet_end(local_time, quiet_to) -%}
    cast({{ local_time }} as date)
    + {{ quiet_to }}
    + case when cast({{ local_time }} as time) < {{ quiet_to }} then interval '0' day else interval '1' day end
{%- endmacro %}
