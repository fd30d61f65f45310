{#- Every micro-conversion with every macro-conversion that it may lead to. -#}
{% macro micro_macro_pairs() -%}
    select
        micros.micro_conversion,
        macros.micro_conversion as macro_conversion
    from {{ ref('dim_micro_conversions') }} as micros
    cross join {{ ref('dim_micro_conversions') }} as macros
    where not micros.is_macro and macros.is_macro
{%- endmacro %}
