{#- Figures over the rows around a row, where engines differ in what a window can count. -#}

{#- How many different values of `value` stand within `seconds` before and after a row's `time`, in its partition. -#}
{% macro distinct_around(value, partition, time, seconds) -%}
    count(distinct {{ value }}) over (
        partition by {{ partition }}
        order by {{ time }}
        range between interval '{{ seconds }}' second preceding and interval '{{ seconds }}' second following
    )
{%- endmacro %}

{#- The greatest value within `seconds` before and after a row's `time`, in its partition. -#}
{% macro greatest_around(value, partition, time, seconds) -%}
    max({{ value }}) over (
        partition by {{ partition }}
        order by {{ time }}
        range between interval '{{ seconds }}' second preceding and interval '{{ seconds }}' second following
    )
{%- endmacro %}

{#- The sum of `value` over the rows of a partition up to `days` after a row's `day`. -#}
{% macro sum_until_days_after(value, partition, day, days) -%}
    cast(sum({{ value }}) over (
        partition by {{ partition }}
        order by {{ day }}
        range between unbounded preceding and interval '{{ days }}' day following
    ) as bigint)
{%- endmacro %}
