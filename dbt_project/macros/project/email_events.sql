{#-
  The named columns of every declared source's staged events, one under the other: adding a source is one more name in
  the var `email_event_sources`. Read it without a `where` on its columns, since a filter would take each record apart
  once more.
-#}
{% macro staged_email_events(columns) -%}
    {%- for source_name in var('email_event_sources') %}
    select
        {{ columns | join(',\n        ') }}
    from {{ ref('stg_' ~ source_name ~ '__events') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
