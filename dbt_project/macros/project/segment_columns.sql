{#-
  The columns that a segment's condition may name, each with what its values are: number, boolean, time, text, or the
  list of the texts it can hold. They are those of dim_subscribers; a column added there joins the language of
  conditions by one line here. Three forms:

    catalogue  rows of column_name, kind and permitted (the texts it can hold, each between two bars, or NULL)
    number     the value, in `profile`, of the column whose name the expression `column` holds, as a number: a boolean
               is 0 or 1, a time its seconds since 1970; NULL for a column of texts
    text       the same for a column of texts; NULL for any other
-#}
{% macro segment_columns(form, profile=none, column=none) -%}
    {%- set tiers = ['new', 'lapsed', 'never_engaged'] -%}
    {%- for days in var('engagement_tier_days') -%}
        {%- do tiers.append('engaged_' ~ days) -%}
    {%- endfor -%}
    {%- set columns = {
        'first_seen_at': 'time',
        'last_sent_at': 'time',
        'last_human_engaged_at': 'time',
        'messages_delivered': 'number',
        'messages_ignored': 'number',
        'recent_messages_delivered': 'number',
        'recent_messages_opened': 'number',
        'recent_messages_clicked': 'number',
        'recent_human_clicks': 'number',
        'human_opens': 'number',
        'human_clicks': 'number',
        'deep_conversions': 'number',
        'orders': 'number',
        'revenue': 'number',
        'is_subscribed': 'boolean',
        'preferred_device': ['desktop', 'mobile', 'tablet'],
        'engagement_score': 'number',
        'engagement_tier': tiers,
        'persona': ['new', 'loyalist', 'window_shopper', 'selective', 'win_back', 'dormant'],
        'rfm_recency': 'number',
        'rfm_frequency': 'number',
        'rfm_value': 'number',
        'sunset_status': ['undecided', 'active', 'graymail'],
        'signed_up_at': 'time',
        'signup_source': 'text',
        'time_zone': 'text',
    } -%}
    {%- if form == 'catalogue' -%}
        {%- for name, kind in columns.items() %}
        select
            '{{ name }}' as column_name,
            '{{ kind if kind is string else 'text' }}' as kind,
            {{ 'cast(null as varchar)' if kind is string else "'|" ~ kind | join('|') ~ "|'" }} as permitted
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    {%- else -%}
    case {{ column }}
        {%- for name, kind in columns.items() if (form == 'text') == (kind == 'text' or kind is not string) %}
        when '{{ name }}' then {{ segment_value(profile ~ '.' ~ name, kind) }}
        {%- endfor %}
    end
    {%- endif -%}
{%- endmacro %}

{% macro segment_value(value, kind) -%}
    {%- if kind == 'time' -%}
        {{ seconds_between("timestamp '1970-01-01'", value) }}
    {%- elif kind == 'boolean' -%}
        cast(cast({{ value }} as integer) as double)
    {%- elif kind == 'number' -%}
        cast({{ value }} as double)
    {%- else -%}
        {{ value }}
    {%- endif -%}
{%- endmacro %}
