{#- One cell or field, as text, to one value. What cannot be read is NULL, never an error. -#}

{#- A blank text says no more than an absent one. -#}
{% macro filled(text) -%}
    nullif(trim({{ text }}), '')
{%- endmacro %}

{#-
  An e-mail address as people are told apart by: lower case, no surrounding space, "Name <a@b>" reduced to a@b. The
  loader keys subscribers by the same rule (orchestration/exports/identities.py).
-#}
{% macro normalised_email(text) -%}
    nullif(
        lower(trim(
            case
                when {{ text }} like '%<%'
                    then coalesce(
                        {{ regexp_group(text, "'^[^<]*<([^<>]*)>[[:space:]]*$'", 1) }},
                        {{ text }}
                    )
                else {{ text }}
            end
        )),
        ''
    )
{%- endmacro %}

{#- An RFC 5322 Message-ID without its angle brackets. -#}
{% macro bare_message_id(text) -%}
    nullif(trim({{ text }}, '<> '), '')
{%- endmacro %}

{#- An amount of money, with or without a currency sign and thousands separators: '$1,258.54', 'CA$0.00'. -#}
{% macro amount(text) -%}
    coalesce(
        try_cast({{ text }} as decimal(18, 4)),
        try_cast({{ regexp_replace_all(text, "'[^0-9.-]'", "''") }} as decimal(18, 4))
    )
{%- endmacro %}

{#- A JSON array of tags from what vendors call tags: one text, a list, or a list written into a text. -#}
{% macro tags_array(text) -%}
    case
        when {{ text }} in ('', '[]') then null
        when starts_with({{ text }}, '[') and json_valid({{ text }}) then {{ text }}
        when {{ text }} is not null then {{ json_array_of_one(text) }}
    end
{%- endmacro %}
