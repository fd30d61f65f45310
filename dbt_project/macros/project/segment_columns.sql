{#-
  The columns that a segment's condition may name, each with what its values are: number, boolean, time, text, or the
  list of the texts it can hold. They are those of dim_subscribers; a column added there joins the language of
  conditions by one line here.
-#}
{% macro segment_columns() -%}
    {{ return({
        'first_seen_at': 'time',
        'last_sent_at': 'time',
        'last_human_engaged_at': 'time',
        'messages_delivered': 'number',
        'messages_ignored': 'number',
        'human_opens': 'number',
        'human_clicks': 'number',
        'deep_conversions': 'number',
        'orders': 'number',
        'revenue': 'number',
        'is_subscribed': 'boolean',
        'preferred_device': ['desktop', 'mobile', 'tablet'],
        'engagement_score': 'number',
        'engagement_tier': engagement_tiers(),
        'persona': ['new', 'loyalist', 'window_shopper', 'selective', 'win_back', 'dormant'],
        'rfm_recency': 'number',
        'rfm_frequency': 'number',
        'rfm_value': 'number',
        'sunset_status': ['undecided', 'active', 'graymail'],
        'signed_up_at': 'time',
        'signup_source': 'text',
        'time_zone': 'text',
    }) }}
{%- endmacro %}

{#- The tiers by the age of the newest human engagement, newest first. -#}
{% macro engagement_tiers() -%}
    {%- set tiers = ['new'] -%}
    {%- for days in var('engagement_tier_days') | sort -%}
        {%- do tiers.append('engaged_' ~ days) -%}
    {%- endfor -%}
    {{ return(tiers + ['lapsed', 'never_engaged']) }}
{%- endmacro %}

{#- How many comparisons `and` may join; `or` and further rows of a segment have no limit. -#}
{% macro segment_comparisons() -%}
    {{ return(8) }}
{%- endmacro %}

{#- Whether a column holds texts, that is whether it is compared as it stands. -#}
{% macro segment_holds_text(kind) -%}
    {{ return(kind == 'text' or kind is not string) }}
{%- endmacro %}

{#-
  A profile's value of the column whose name the expression `column` holds, as a number: a boolean is 0 or 1, a time its
  seconds since 1970. NULL for a column of texts.
-#}
{% macro segment_number(profile, column) -%}
    case {{ column }}
        {%- for name, kind in segment_columns().items() if not segment_holds_text(kind) %}
        when '{{ name }}' then {{ segment_number_from(profile ~ '.' ~ name, kind) }}
        {%- endfor %}
    end
{%- endmacro %}

{% macro segment_number_from(value, kind) -%}
    {%- if kind == 'time' -%}
        {{ seconds_between("timestamp '1970-01-01'", value) }}
    {%- elif kind == 'boolean' -%}
        cast(cast({{ value }} as integer) as double)
    {%- else -%}
        cast({{ value }} as double)
    {%- endif -%}
{%- endmacro %}

{#- The same for a column of texts; NULL for any other. -#}
{% macro segment_text(profile, column) -%}
    case {{ column }}
        {%- for name, kind in segment_columns().items() if segment_holds_text(kind) %}
        when '{{ name }}' then {{ profile }}.{{ name }}
        {%- endfor %}
    end
{%- endmacro %}
