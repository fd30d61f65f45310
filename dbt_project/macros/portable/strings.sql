{#- Text: regular expressions, URL decoding and hashes, where engines differ in name or in what they do by default. -#}

{% macro regexp_like(text, pattern) -%}
    regexp_matches({{ text }}, {{ pattern }})
{%- endmacro %}

{% macro regexp_replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, {{ pattern }}, {{ replacement }}, 'g')
{%- endmacro %}

{#- What a group of the pattern holds; NULL where the pattern is not found or the group is empty. -#}
{% macro regexp_group(text, pattern, group) -%}
    nullif(regexp_extract({{ text }}, {{ pattern }}, {{ group }}), '')
{%- endmacro %}

{% macro sha256_hex(text) -%}
    sha256({{ text }})
{%- endmacro %}

{#-
  A fast 64-bit hash. It collides and changes between engine versions: good to narrow a search down, never a key.
-#}
{% macro rough_hash(parts) -%}
    hash({{ parts | join(', ') }})
{%- endmacro %}
