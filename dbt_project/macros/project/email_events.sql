{#- Rules of the canonical e-mail events that more than one statement needs, each spelled once. -#}

{#-
  The named columns of every declared source's events, one under the other. Adding a source is one more name in the
  var `email_event_sources`.
-#}
{% macro staged_email_events(columns) -%}
    {%- for source_name in var('email_event_sources') %}
    select
        {{ columns | join(',\n        ') }}
    from {{ ref('stg_' ~ source_name ~ '__events') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#-
  The key of an event: its provider's number where it has one, else what it says and which of the identical rows of its
  export it is.
-#}
{% macro email_event_key(esp, source_event_id, composite_id, occurrence) -%}
    case
        when {{ source_event_id }} is null
            then {{ surrogate_key([esp, "'row'", composite_id, occurrence]) }}
        else {{ surrogate_key([esp, "'id'", source_event_id]) }}
    end
{%- endmacro %}

{#- What tells a subscriber's messages apart: the provider's message id, else the Message-ID, else the campaign. -#}
{% macro email_message_id(events) -%}
    coalesce(
        {{ events }}.esp_message_id,
        'smtp:' || {{ events }}.smtp_message_id,
        'campaign:' || {{ events }}.campaign_id,
        ''
    )
{%- endmacro %}

{#- A bounce, complaint or opt-out may come without the id of the message it speaks of. -#}
{% macro names_no_message(events) -%}
    (
        {{ events }}.event_type in ('bounced', 'complained', 'unsubscribed')
        and {{ events }}.esp_message_id is null
        and {{ events }}.smtp_message_id is null
    )
{%- endmacro %}
