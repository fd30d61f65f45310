{#-
  What may not leave the schemas `raw` and `restricted`: an e-mail address in a text (a mailto: link, a query
  parameter, a bounce reason), also percent-encoded, once or more often. The rest of the text stays.
-#}
{% macro mask_addresses(text) -%}
    case
        when {{ text }} like '%@%' or {{ text }} like '%\%%40%' escape '\'
            then {{ regexp_replace_all(
                text,
                "'[^][:space:]<>()[,;:/?&=#\"'']+(@|%(25)*40)[^][:space:]<>()[,;:/?&=#\"'']+'",
                "'[address]'"
            ) }}
        else {{ text }}
    end
{%- endmacro %}
