{#- The parts of a URL that may be stored. A mailto: link keeps its kind and loses its address. -#}

{#- A URL without query and fragment. -#}
{% macro url_without_query(url) -%}
    {{ mask_addresses("split_part(split_part(" ~ url ~ ", '#', 1), '?', 1)") }}
{%- endmacro %}

{#- The query of a URL, without its question mark; NULL where there is none. -#}
{% macro url_query(url) -%}
    {{ mask_addresses("nullif(substring(split_part(" ~ url ~ ", '#', 1) from position('?' in split_part(" ~ url ~ ", '#', 1) || '?') + 1), '')") }}
{%- endmacro %}

{#- The decoded value of a parameter in a URL's query; NULL where it is absent or empty. -#}
{% macro query_parameter(query, name) -%}
    url_decode({{ regexp_group(query, "'(^|&)" ~ name ~ "=([^&]*)'", 2) }})
{%- endmacro %}
