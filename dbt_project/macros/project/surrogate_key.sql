{#-
  A lower-case hex digest of a natural key's parts. The parts are joined with the unit separator (character 31),
  which no vendor's identifier holds, so that ('ab', 'c') and ('a', 'bc') stay two keys; an absent part is ''.
-#}
{% macro surrogate_key(parts) -%}
    md5(concat_ws(chr(31){% for part in parts %}, coalesce(cast({{ part }} as varchar), ''){% endfor %}))
{%- endmacro %}
