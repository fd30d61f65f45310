{#- Regular expressions and hashes, where engines differ in names, in escapes or in what they do unasked. -#}

{% macro regexp_like(text, pattern) -%}
    regexp_matches({{ text }}, {{ pattern }})
{%- endmacro %}

{% macro regexp_replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, {{ pattern }}, {{ replacement }}, 'g')
{%- endmacro %}

{#- What a group of the pattern holds; NULL where the pattern is not found or the group is empty. -#}
{% macro regexp_group(text, pattern, group) -%}
    nullif(regexp_extract({{ text }}, {{ pattern }}, {{ group }}), '')
{%- endmacro %}

{#-
  The pattern of an e-mail address inside a longer text, its @ plain, percent-encoded any number of times or escaped as
  in JSON. It takes rather too much than too little, and never the backslash of an escape that follows. Where the local
  part ends in quotes or the like, its @ and domain are taken; the @ of a handle (/@shop) is followed by no domain.
-#}
{% macro address_pattern() -%}
    {%- set at, character = '(@|%(25)*40|\\\\u0040)', '[^ <>(),;:/?&=#|"]' -%}
    '({{ character }}+{{ at }}{{ character }}*|{{ at }}{{ character }}+[.]{{ character }}*)[^ <>(),;:/?&=#|"\\]'
{%- endmacro %}

{#-
  The pattern of an IP address inside a longer text: four numbers with dots, eight groups with colons, or fewer groups
  and a double colon. A time of day is none.
-#}
{% macro network_address_pattern() -%}
    '\b([0-9]{1,3}([.][0-9]{1,3}){3}|([0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|([0-9A-Fa-f]{1,4}:)+(:[0-9A-Fa-f]{1,4})+)\b'
{%- endmacro %}

{% macro sha256_hex(text) -%}
    sha256({{ text }})
{%- endmacro %}

{#- How often a part occurs in a text; 0 where there is no text. -#}
{% macro count_of(text, part) -%}
    coalesce((length({{ text }}) - length(replace({{ text }}, '{{ part }}', ''))) / {{ part | length }}, 0)
{%- endmacro %}

{% macro md5_hex(text) -%}
    md5({{ text }})
{%- endmacro %}

{#- A text without spaces around it. Nearly every cell has none, and to see that costs far less than to trim it. -#}
{% macro trimmed(text) -%}
    case when starts_with({{ text }}, ' ') or ends_with({{ text }}, ' ') then trim({{ text }}) else {{ text }} end
{%- endmacro %}

{#- What stands before the first of some marks in a text; the whole text where it holds none of them. -#}
{% macro text_before(text, marks) -%}
    coalesce(
        substr({{ text }}, 1, least(
            {%- for mark in marks %}nullif(instr({{ text }}, '{{ mark }}'), 0){{ ', ' if not loop.last }}{% endfor -%}
        ) - 1),
        {{ text }}
    )
{%- endmacro %}
