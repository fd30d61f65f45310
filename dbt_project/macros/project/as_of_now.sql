{#- "Now" as a timestamp in UTC: the var `now`, which the orchestrator passes, or the start of this dbt command. -#}
{% macro as_of_now() -%}
    cast('{{ var("now") or run_started_at.strftime("%Y-%m-%dT%H:%M:%S") }}' as timestamp)
{%- endmacro %}
