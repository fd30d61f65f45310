{#- The funnel's steps in their order, as rows of (step_number, step). -#}
{% macro funnel_steps() -%}
    {%- for step in ['sent', 'delivered', 'open', 'click', 'deep_micro_conversion', 'macro_conversion'] %}
    {{ 'union all' if not loop.first }}
    select
        {{ loop.index }} as step_number,
        '{{ step }}' as step
    {%- endfor %}
{%- endmacro %}

{#-
  The counts of one step as columns `sent`, `messages` and `previous_messages` (NULL at the first step), summed over
  rows of `counted` (furthest_step, messages) that are crossed with the funnel's `steps`. The funnel is ordered: who
  came to a step has been at all before it.
-#}
{% macro funnel_counts(counted, steps) -%}
    cast(sum({{ counted }}.messages) as bigint) as sent,
        cast(
            sum(case when {{ counted }}.furthest_step >= {{ steps }}.step_number then {{ counted }}.messages else 0 end)
            as bigint
        ) as messages,
        cast(
            sum(
                case
                    when {{ steps }}.step_number = 1 then null
                    when {{ counted }}.furthest_step >= {{ steps }}.step_number - 1 then {{ counted }}.messages
                    else 0
                end
            ) as bigint
        ) as previous_messages
{%- endmacro %}

{#- The mean of the seconds from one time to the other: whole microseconds are added, so that no order of rows shows. -#}
{% macro mean_seconds(earlier, later) -%}
    cast(avg(cast({{ seconds_between(earlier, later) }} as decimal(18, 6))) as double)
{%- endmacro %}
