{#-
  What may not leave the schemas `raw` and `restricted`: an e-mail address within a text (a mailto: link, a query
  parameter, a bounce reason). The rest of the text stays.
-#}
{% macro mask_addresses(text) -%}
    case
        when {{ may_hold_address(text) }}
            then {{ regexp_replace_all(text, address_pattern(), "'[address]'") }}
        else {{ text }}
    end
{%- endmacro %}

{#-
  A short text from outside that is published (a campaign's name, a subject, a variant, a file's name), without the
  e-mail and IP addresses that somebody may have written into it. Long texts of single events want `mask_addresses`.
-#}
{% macro mask_personal(text) -%}
    case
        when
            {{ may_hold_address(text) }}
            or {{ text }} like '%.%.%.%'
            or contains({{ text }}, '::')
            or {{ text }} like '%:%:%:%'
            then {{ regexp_replace_all(
                regexp_replace_all(text, address_pattern(), "'[address]'"),
                network_address_pattern(),
                "'[network address]'"
            ) }}
        else {{ text }}
    end
{%- endmacro %}

{#- Cheaper than the pattern, and true wherever it is found: an @, plain, percent-encoded (%40, %2540, …) or escaped. -#}
{% macro may_hold_address(text) -%}
    contains({{ text }}, '@') or contains({{ text }}, '%40') or contains({{ text }}, '2540')
    or contains({{ text }}, 'u0040')
{%- endmacro %}
