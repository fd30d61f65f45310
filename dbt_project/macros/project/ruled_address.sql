{#- The clicked or visited URL as a definition's pattern sees it: with its query only where the pattern names one. -#}
{% macro ruled_address(url, url_query, reads_query) -%}
    case when {{ reads_query }} then {{ url }} || coalesce('?' || {{ url_query }}, '') else {{ url }} end
{%- endmacro %}

{#- Whether a pattern names a query: it is matched with the query then, every other without it. -#}
{% macro names_query(pattern) -%}
    coalesce(
        position('=' in {{ pattern }}) + position('[?' in {{ pattern }}) + position(chr(92) || '?' in {{ pattern }}) > 0,
        false
    )
{%- endmacro %}
