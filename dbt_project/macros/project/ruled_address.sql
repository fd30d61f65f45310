{#- The clicked or visited URL as a definition's pattern sees it: with its query only where the pattern names one. -#}
{% macro ruled_address(url, url_query, reads_query) -%}
    case when {{ reads_query }} then {{ url }} || coalesce('?' || {{ url_query }}, '') else {{ url }} end
{%- endmacro %}
