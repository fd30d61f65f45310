{#-
  Whom a new stream may mail on a day: two weeks those engaged within 30 days, two more within 60, two more within 90,
  then everybody (methods.md section 2.11).
-#}
{% macro warmup_audience(day, starts_on) -%}
    case
        {%- for days in var('engagement_tier_days') | sort %}
        when {{ day }} < {{ starts_on }} + {{ 14 * loop.index }} then 'engaged_{{ days }}'
        {%- endfor %}
        else 'everybody'
    end
{%- endmacro %}

{#- Whether a tier is of that audience. Who has just come is: they asked for the mail. -#}
{% macro is_in_warmup_audience(tier, audience) -%}
    (
        {{ audience }} = 'everybody'
        or {{ tier }} = 'new'
        {%- for days in var('engagement_tier_days') | sort %}
        {%- set later = (var('engagement_tier_days') | sort)[loop.index0:] %}
        or ({{ tier }} = 'engaged_{{ days }}' and {{ audience }} in ('engaged_{{ later | join("', 'engaged_") }}'))
        {%- endfor %}
    )
{%- endmacro %}
