{#-
  The value of `field` from the row with the greatest `ordering`, rows without a value apart; no ordering counts as the
  oldest and ties go to the greatest value, so that the outcome depends on no order of arrival.
-#}
{% macro newest_value(field, ordering) -%}
    max_by({{ field }}, row(coalesce({{ ordering }}, timestamp '0001-01-01'), {{ field }}))
        filter (where {{ field }} is not null)
{%- endmacro %}
