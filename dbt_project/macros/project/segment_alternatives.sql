{#-
  A segment's condition is a choice of alternatives, and an alternative up to so many comparisons that all have to hold.
  Alternatives are laid out with their comparisons side by side, so that a profile can be judged by an alternative in
  one pass, without a group for each pair of them. `or` and further lines of a segment have no limit.
-#}
{% macro segment_comparisons() -%}
    8
{%- endmacro %}

{#- The columns of an alternative, out of its rows of int_segment_conditions (an aggregate). -#}
{% macro segment_alternative() -%}
    {%- for number in range(1, segment_comparisons() | int + 1) %}
        {%- for column in ['column_name', 'relations', 'number_operand', 'text_operand'] %}
        max(case when comparison_number = {{ number }} then {{ column }} end) as {{ column }}_{{ number }},
        {%- endfor %}
    {%- endfor %}
        count(*) as comparisons
{%- endmacro %}

{#- Whether a profile meets an alternative: the relation of each value to its operand is one of those that hold. -#}
{% macro segment_alternative_holds(profile, alternative) -%}
    {%- for number in range(1, segment_comparisons() | int + 1) %}
        {{ 'and ' if not loop.first }}(
            {{ alternative }}.comparisons < {{ number }}
            or position(
                coalesce(
                    case sign(
                        {{ segment_columns('number', profile, alternative ~ '.column_name_' ~ number) }}
                        - {{ alternative }}.number_operand_{{ number }}
                    )
                        when -1 then '<'
                        when 0 then '='
                        when 1 then '>'
                    end,
                    case
                        {{ segment_columns('text', profile, alternative ~ '.column_name_' ~ number) }}
                        = {{ alternative }}.text_operand_{{ number }}
                        when true then '='
                        when false then '<'
                    end,
                    '0'
                ) in {{ alternative }}.relations_{{ number }}
            ) > 0
        )
    {%- endfor %}
{%- endmacro %}
