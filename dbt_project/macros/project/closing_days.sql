{#-
  Days from a cohort's day of sending after which its figures move no more: a click may come until the funnel's window
  ends, and an order until the attribution window of that click does.
-#}
{% macro closing_days() -%}
    {{ var('funnel_window_days') | int + var('attribution_window_days') | int }}
{%- endmacro %}
