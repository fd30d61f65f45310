{#-
  Whether a pattern that a user wrote is found in a text; NULL for a pattern that is no regular expression, so that one
  mistyped line does not stop the build.
-#}
{% macro regexp_like_if_valid(text, pattern) -%}
    try(regexp_matches({{ text }}, {{ pattern }}))
{%- endmacro %}
