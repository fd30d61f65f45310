{#-
  What may not leave the schemas `raw` and `restricted`: an e-mail address within a text (a mailto: link, a query
  parameter, a bounce reason). The rest of the text stays.
-#}
{% macro mask_addresses(text) -%}
    case
        when {{ text }} like '%@%' or {{ text }} like '%!%%40%' escape '!'
            then {{ regexp_replace_all(text, address_pattern(), "'[address]'") }}
        else {{ text }}
    end
{%- endmacro %}
