{#- One cell or field, as text, to one value. What cannot be read is NULL, never an error. -#}

{#- A blank text says no more than an absent one. -#}
{% macro filled(text) -%}
    nullif({{ trimmed(text) }}, '')
{%- endmacro %}

{#-
  An e-mail address as people are told apart by: lower case, no surrounding space, "Name <a@b>" reduced to a@b. The
  loader keys subscribers by the same rule (orchestration/exports/identities.py).
-#}
{% macro normalised_email(text) -%}
    nullif(
        lower(
            case
                when contains({{ text }}, '<')
                    then trim(coalesce(
                        {{ regexp_group(text, "'^[^<]*<([^<>]*)>[[:space:]]*$'", 1) }},
                        {{ text }}
                    ))
                else {{ trimmed(text) }}
            end
        ),
        ''
    )
{%- endmacro %}

{#- An RFC 5322 Message-ID without its angle brackets. -#}
{% macro bare_message_id(text) -%}
    nullif(
        case
            when contains({{ text }}, '<') or contains({{ text }}, '>')
                then trim(replace(replace({{ text }}, '<', ''), '>', ''))
            else {{ trimmed(text) }}
        end,
        ''
    )
{%- endmacro %}

{#-
  An amount of money, with or without a currency sign and commas between thousands: '$1,258.54', 'CA$0.00'. A comma
  anywhere else is no amount here, since nobody knows which part of it is the fraction.
-#}
{% macro amount(text) -%}
    coalesce(
        try_cast({{ text }} as decimal(18, 4)),
        case
            when {{ regexp_like(text, "'^-?[^0-9.,-]*-?[0-9]+(,[0-9]{3})*([.][0-9]+)?[^0-9.,]*$'") }}
                then try_cast({{ regexp_replace_all(text, "'[^0-9.-]'", "''") }} as decimal(18, 4))
        end
    )
{%- endmacro %}

{#- A number that can be reckoned with: infinity, NaN and what is out of all measure are none. -#}
{% macro number(text) -%}
    case when abs(try_cast({{ text }} as double)) < 1e15 then try_cast({{ text }} as double) end
{%- endmacro %}

{#- A JSON array of tags from what vendors call tags: one text, a list, or a list written into a text. -#}
{% macro tags_array(text) -%}
    case
        when {{ text }} not in ('', '[]')
            then coalesce({{ json_minified(json_or_null(text, '[')) }}, {{ json_array_of_one(text) }})
    end
{%- endmacro %}

{#- What identifies an event that has no id: parts of it, joined with a character that none of them holds. -#}
{% macro composite_id(parts) -%}
    concat_ws(chr(31){% for part in parts %}, coalesce({{ part }}, ''){% endfor %})
{%- endmacro %}

{#- For each column the first of two fields that says something: `nested_<column>`, else `flat_<column>`. -#}
{% macro nested_or_flat(columns) -%}
    {%- for column in columns %}
    coalesce(nullif(nested_{{ column }}, ''), nullif(flat_{{ column }}, '')) as {{ column }}
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- The value of a name in a text of pairs, `name:value|name:value`; NULL where the text is none or lacks the name. -#}
{% macro paired_value(text, name) -%}
    {{ filled(regexp_group(text, "'(^|[|])[[:space:]]*" ~ name ~ "[[:space:]]*:([^|]*)'", 2)) }}
{%- endmacro %}

{#- Whether any of the vendor's flags is set: false where one says so and none is set, NULL where none says anything. -#}
{% macro any_flag(columns) -%}
    coalesce(
        {% for column in columns %}try_cast({{ column }} as boolean){{ ' or ' if not loop.last }}{% endfor %}
        {%- for column in columns %}, try_cast({{ column }} as boolean){% endfor %}
    )
{%- endmacro %}

{#- What a device is by a vendor's word for it; `unknown` where that says nothing, NULL where there is none. -#}
{% macro device_type(text) -%}
    case
        when nullif({{ text }}, '') is null then null
        when {{ regexp_like(text, "'(?i)tablet|ipad'") }} then 'tablet'
        when {{ regexp_like(text, "'(?i)mobile|phone|android'") }} then 'mobile'
        when {{ regexp_like(text, "'(?i)desktop|computer|windows|linux|^mac|^pc$'") }} then 'desktop'
        else 'unknown'
    end
{%- endmacro %}
