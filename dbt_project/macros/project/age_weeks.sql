{#- Whole weeks of seven days from the day of `since` to the day of `moment`, both in UTC. -#}
{% macro age_weeks(since, moment) -%}
    cast(
        floor(
            {{ seconds_between(
                'cast(cast(' ~ since ~ ' as date) as timestamp)', 'cast(cast(' ~ moment ~ ' as date) as timestamp)'
            ) }} / 604800
        ) as integer
    )
{%- endmacro %}
