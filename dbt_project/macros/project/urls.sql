{#- A URL's parts. -#}

{#- Without query and fragment, addresses masked: a mailto: link keeps its kind and loses its address. -#}
{% macro url_without_query(url) -%}
    {{ mask_addresses("split_part(split_part(" ~ url ~ ", '#', 1), '?', 1)") }}
{%- endmacro %}

{#- The query as it stands, without its question mark; NULL where there is none. -#}
{% macro verbatim_query(url) -%}
    {{ regexp_group(url, "'^[^?#]*[?]([^#]*)'", 1) }}
{%- endmacro %}

{#- The query, addresses masked. -#}
{% macro url_query(url) -%}
    {{ mask_addresses(verbatim_query(url)) }}
{%- endmacro %}

{#- The decoded value of a parameter of a query; NULL where it is absent or empty. -#}
{% macro query_parameter(query, name) -%}
    url_decode({{ regexp_group(query, "'(^|&)" ~ name ~ "=([^&]*)'", 2) }})
{%- endmacro %}
