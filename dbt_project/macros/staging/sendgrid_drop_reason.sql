{#- Why SendGrid did not attempt a message, from the text it gives. -#}
{% macro sendgrid_drop_reason(reason) -%}
    case
        when lower({{ reason }}) like 'bounced address%' then 'bounced_address'
        when lower({{ reason }}) like 'unsubscribed address%' then 'unsubscribed'
        when lower({{ reason }}) like 'spam reporting address%' then 'spam_reporting'
        when lower({{ reason }}) like 'invalid%' then 'invalid'
        else 'policy'
    end
{%- endmacro %}
