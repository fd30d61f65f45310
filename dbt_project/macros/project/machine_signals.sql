{#-
  Signals of machine traffic. `signals` maps the name of a signal, as the seed machine_signals has it, to the condition
  under which it holds.
-#}

{#- One row: the points of each named signal as a column, NULL where the seed has no line for it. -#}
{% macro points_of_signals(names) -%}
    select
        {%- for name in names %}
        max(case when signal = '{{ name }}' then points end) as {{ name }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('machine_signals') }}
{%- endmacro %}

{#- A column per signal: its points where it holds, else NULL. -#}
{% macro signal_columns(signals, points) -%}
    {%- for name, condition in signals.items() %}
    case when {{ condition }} then {{ points }}.{{ name }} end as {{ name }}
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- The sum of the signals that hold. -#}
{% macro signal_sum(names) -%}
    {%- for name in names %}
    {{ '+ ' if not loop.first }}coalesce({{ name }}, 0)
    {%- endfor %}
{%- endmacro %}

{#- The names of the signals that hold, in their order, with commas between them; NULL where none does. -#}
{% macro signal_names(names) -%}
    nullif(concat_ws(
        ', '
        {%- for name in names -%}
        , case when {{ name }} is not null then '{{ name }}' end
        {%- endfor -%}
    ), '')
{%- endmacro %}

{#- The same of conditions, before they are weighed. -#}
{% macro signal_names_of(signals) -%}
    nullif(concat_ws(
        ', '
        {%- for name, condition in signals.items() -%}
        , case when {{ condition }} then '{{ name }}' end
        {%- endfor -%}
    ), '')
{%- endmacro %}

{#- The name of the strongest signal that speaks for a machine, the first of several; NULL where none does. -#}
{% macro leading_signal(names) -%}
    case greatest({{ names | join(', ') }})
        {%- for name in names %}
        when {{ name }} then case when {{ name }} > 0 then '{{ name }}' end
        {%- endfor %}
    end
{%- endmacro %}

{#- Points as a probability, in [0, 1]. -#}
{% macro probability_of_points(points) -%}
    1 / (1 + power(cast(10 as double), -({{ points }}) / 10))
{%- endmacro %}

{#-
  Touch the messages with a verdict that others' messages move, as a hook (increments.sql): a verdict keeps the signals
  of its context under which it was found.
-#}
{% macro touch_moved_verdicts() -%}
    {%- if is_incremental() -%}
        insert into {{ source('pipeline', 'touched_events') }}
        select
            verdicts.event_key,
            verdicts.message_or_event_key
        from {{ this }} as verdicts
        left join {{ ref('int_event_contexts') }} as contexts
            on verdicts.event_key = contexts.event_key
        where verdicts.context_signals is distinct from contexts.context_signals
    {%- endif -%}
{%- endmacro %}
