{#- What can be read off a subject line. Levels are texts; NULL where there is no subject. -#}

{% macro subject_length(subject) -%}
    case
        when length({{ subject }}) <= 30 then 'up to 30'
        when length({{ subject }}) <= 50 then '31 to 50'
        when length({{ subject }}) > 50 then 'over 50'
    end
{%- endmacro %}

{#- `yes` or `no`: whether a pattern (RE2) is found in the subject. -#}
{% macro subject_has(subject, pattern) -%}
    case {{ regexp_like(subject, "'" ~ pattern ~ "'") }} when true then 'yes' when false then 'no' end
{%- endmacro %}

{#- A question mark of Latin, full-width, Arabic or Greek script. -#}
{% macro question_pattern() -%}
    [?\x{FF1F}\x{061F}\x{037E}]
{%- endmacro %}

{#- Pictographs, symbols and flags that mail clients draw in colour. -#}
{% macro emoji_pattern() -%}
    [\x{1F000}-\x{1FAFF}\x{2600}-\x{27BF}\x{2B50}\x{2B55}\x{2B1B}\x{2B1C}\x{231A}\x{231B}\x{23E9}-\x{23FA}\x{FE0F}]
{%- endmacro %}

{#-
  A place that the provider fills in per recipient: two braces (most), *|NAME|* (Mailchimp, Mandrill), %NAME%
  (ActiveCampaign, Mailgun) and %%name%% (Salesforce), [[name]], <%= name %>, {contactfield=name} (Mautic).
-#}
{% macro merge_tag_pattern() -%}
    [{][{].+[}][}]|[*][|].+[|][*]|%[A-Za-z][A-Za-z0-9_.]*%|\[\[.+\]\]|<%.+%>|[{][A-Za-z]+=.+[}]
{%- endmacro %}
